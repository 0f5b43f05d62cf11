"""A Masakari's database as its models make it: the two tables that an import reads, and a few rows."""

SEGMENT = "11111111-1111-4111-8111-111111111111"
GONE = "22222222-2222-4222-8222-222222222222"
HOSTS = [f"3333333{n}-3333-4333-8333-333333333333" for n in range(4)]

TABLES = (
    """CREATE TABLE failover_segments (
        created_at DATETIME, updated_at DATETIME, deleted_at DATETIME, deleted INTEGER,
        id INTEGER PRIMARY KEY, uuid VARCHAR(36) NOT NULL UNIQUE, name VARCHAR(255) NOT NULL,
        service_type VARCHAR(255) NOT NULL, enabled BOOLEAN, description TEXT, recovery_method VARCHAR(20) NOT NULL,
        UNIQUE (name, deleted))""",
    """CREATE TABLE hosts (
        created_at DATETIME, updated_at DATETIME, deleted_at DATETIME, deleted INTEGER,
        id INTEGER PRIMARY KEY, uuid VARCHAR(36) NOT NULL UNIQUE, name VARCHAR(255) NOT NULL,
        reserved BOOLEAN, type VARCHAR(255) NOT NULL, control_attributes TEXT NOT NULL,
        failover_segment_id VARCHAR(36) NOT NULL REFERENCES failover_segments (uuid), on_maintenance BOOLEAN,
        UNIQUE (name, deleted))""",
)

_SEGMENT_COLUMNS = "deleted, id, uuid, name, service_type, enabled, description, recovery_method"
_SEGMENTS = f"INSERT INTO failover_segments ({_SEGMENT_COLUMNS})"
_HOST_COLUMNS = (
    "deleted, id, uuid, name, reserved, type, control_attributes, failover_segment_id, on_maintenance"
)
_HOSTS = f"INSERT INTO hosts ({_HOST_COLUMNS})"
ROWS = (
    f"{_SEGMENTS} VALUES (0, 1, '{SEGMENT}', 'rack1', 'COMPUTE', 0, 'by the window', 'rh_priority')",
    f"{_SEGMENTS} VALUES (2, 2, '{GONE}', 'rack1', 'COMPUTE', 1, NULL, 'auto')",
    f"{_HOSTS} VALUES (0, 1, '{HOSTS[0]}', 'cmp1', 0, 'COMPUTE', 'SSH', '{SEGMENT}', 1)",
    f"{_HOSTS} VALUES (0, 2, '{HOSTS[1]}', 'cmp2', 1, 'COMPUTE', 'SSH', '{SEGMENT}', 0)",
    f"{_HOSTS} VALUES (3, 3, '{HOSTS[2]}', 'cmp2', 0, 'COMPUTE', 'SSH', '{SEGMENT}', 0)",
    f"{_HOSTS} VALUES (0, 4, '{HOSTS[3]}', 'cmp3', 0, 'COMPUTE', 'SSH', '{GONE}', 0)",
)
