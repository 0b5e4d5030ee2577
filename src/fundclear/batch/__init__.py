"""The day out of core: from Parquet files to a day's folder, in bounded memory; a run that was killed goes on."""

from fundclear.batch.run import BatchDay, run

__all__ = ["BatchDay", "run"]
