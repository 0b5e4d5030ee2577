"""The day out of core: from Parquet files to a day's folder, in bounded memory; a run that was killed goes on."""

from fundclear.batch.run import BatchDay, Standing, run

__all__ = ["BatchDay", "Standing", "run"]
