"""The Faust app with every careful part in its place. Each part is a class attribute: a test that wants to see what
happens without one replaces it by Faust's own.
"""

from typing import Any, ClassVar

import faust
from faust.sensors.monitor import Monitor
from faust.tables.manager import TableManager
from faust.transport.drivers.aiokafka import Transport

from kasugai.adapters.faust.assigning import CarefulAssignor
from kasugai.adapters.faust.care import Care
from kasugai.adapters.faust.consuming import CarefulTransport
from kasugai.adapters.faust.hush import SERVICE_LOG
from kasugai.adapters.faust.monitor import DeadlyMonitor
from kasugai.adapters.faust.recovering import CarefulTableManager
from kasugai.adapters.faust.table import RowTable


class CarefulApp(faust.App):
    """A Faust app that carries its `Care` to the parts that need it."""

    logger = SERVICE_LOG
    care: Care
    transport_class: ClassVar[type[Transport]] = CarefulTransport
    table_manager_class: ClassVar[type[TableManager]] = CarefulTableManager
    monitor_class: ClassVar[type[Monitor]] = DeadlyMonitor

    def __init__(self, care: Care) -> None:
        """Make the app and its table."""
        settings = care.settings
        super().__init__(
            settings.app_id,
            **settings.faust(),
            Monitor=self.monitor_class,
            Table=RowTable,
            TableManager=self.table_manager_class,
            PartitionAssignor=CarefulAssignor,
        )
        self.care = care
        self.finalize()

    def make_table(self, offset_of: Any) -> RowTable:
        """Make the one table, bytes to bytes."""
        table = self.Table(self.care.settings.table, key_type=bytes, value_type=bytes)
        assert isinstance(table, RowTable)
        table.offset_of = offset_of
        self.care.table = table
        return table

    def _new_transport(self) -> Any:
        return self.transport_class(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Make no folders in the working directory for a table that lives in memory (app/base.py:1972)."""
        if self.conf.store.scheme != "memory":
            super()._create_directories()
