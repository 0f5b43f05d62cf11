"""What an operator sets: kasugai.conf as one frozen value, and a clear line for whatever is wrong in it."""

from kasugai.adapters.settings.loading import DEFAULT_FILE, SettingError, load, load_policy
from kasugai.adapters.settings.values import (
    AgentsSettings,
    ApiSettings,
    KafkaSettings,
    LivenessSettings,
    NovaSettings,
    PowerSettings,
    RedisSettings,
    Settings,
    StreamSettings,
    TelemetrySettings,
    WorkerSettings,
)

__all__ = [
    "DEFAULT_FILE",
    "AgentsSettings",
    "ApiSettings",
    "KafkaSettings",
    "LivenessSettings",
    "NovaSettings",
    "PowerSettings",
    "RedisSettings",
    "SettingError",
    "Settings",
    "StreamSettings",
    "TelemetrySettings",
    "WorkerSettings",
    "load",
    "load_policy",
]
