/* A process's own CLOCK_REALTIME: the kernel's, set forth or back by what the file $CLOCK_OFFSET holds (nanoseconds, a
 * 64-bit integer), from one moment to the next. It is preloaded; the machine's clock and all other clocks stay as they
 * are, and so do the times of files.
 *
 * What waits until a moment of CLOCK_REALTIME waits by the clock as it jumps, as it would in the kernel. That is
 * librdkafka, which waits by C11's conditions, and these know no other clock (its issue #2145). Python's waits are
 * monotonic.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

enum { SECOND = 1000000000, SLICE = 50000000 };

static volatile int64_t *offset;
static int64_t none;
static int (*kernel_gettime)(clockid_t, struct timespec *);
static int (*kernel_wait)(cnd_t *, mtx_t *, const struct timespec *);

static void set_up(void) __attribute__((constructor));

static void set_up(void)
{
    const char *name = getenv("CLOCK_OFFSET");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    void *seen = file < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, file, 0);

    if (file >= 0)
        close(file);
    offset = seen == MAP_FAILED ? &none : seen;
    kernel_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    kernel_wait = dlsym(RTLD_NEXT, "cnd_timedwait");
}

static struct timespec moved(struct timespec at, int64_t by)
{
    int64_t all = (int64_t)at.tv_sec * SECOND + at.tv_nsec + by;
    struct timespec found = {.tv_sec = all / SECOND, .tv_nsec = all % SECOND};

    return found;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    int answer = kernel_gettime ? kernel_gettime(clock, at) : (int)syscall(SYS_clock_gettime, clock, at);

    if (!answer && offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        *at = moved(*at, *offset);
    return answer;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until)
{
    for (;;) {
        struct timespec now, soon;
        int64_t left;
        int answer;

        clock_gettime(CLOCK_REALTIME, &now);
        left = ((int64_t)until->tv_sec - now.tv_sec) * SECOND + until->tv_nsec - now.tv_nsec;
        kernel_gettime(CLOCK_REALTIME, &soon);
        soon = moved(soon, left < 0 ? 0 : left < SLICE ? left : SLICE);
        answer = kernel_wait(condition, mutex, &soon);
        if (answer != thrd_timedout || left <= SLICE)
            return answer;
    }
}
