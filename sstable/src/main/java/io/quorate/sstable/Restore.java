package io.quorate.sstable;

import io.quorate.environment.Environment;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Brings the writes of an archived commit log, up to a time, onto the tables of a directory whose
 * node is stopped: usually those of a snapshot that was put back in their place.
 *
 * <p>As Cassandra's {@code restore_point_in_time}, it goes by the timestamps that the writes carry:
 * a mutation is left out when anything in it is newer than the time. Doing it again changes
 * nothing. What an earlier restore from the archive gave up stays given up ({@link Timelines}). The
 * directory's own log counts as the newest part of the archive, and is moved there, since the next
 * start would replay it to its end.
 *
 * @param applied mutations that were brought back
 * @param tooNew mutations that are newer than the time, or were given up by an earlier restore
 * @param withoutTable mutations of tables that the directory does not have, or has truncated
 * @param setAside damaged stretches and records that could not be applied: they are in quarantine
 */
public record Restore(long applied, long tooNew, long withoutTable, long setAside) {

  /**
   * Blocks until all is in SSTables.
   *
   * @param directory of the storage engine
   * @param archive with segments, see {@link EngineOptions#archiveDirectory}
   * @param toMicros since the epoch; what was written then still counts
   * @throws IOException when the directory is in use, or a disk fails; then begin once more
   */
  public static Restore to(
      Environment environment,
      Path directory,
      Path archive,
      long toMicros,
      Partitioner partitioner,
      EngineOptions options,
      StorageEvents events)
      throws IOException {
    if (!environment.files().exists(archive)) {
      throw new IOException("there is no archive " + archive);
    }
    return StorageEngine.restore(
        environment,
        directory,
        partitioner,
        options.withArchiveDirectory(archive),
        toMicros,
        events);
  }

  /** The greatest timestamp of anything that a mutation says. */
  static long newestMicros(Mutation mutation) {
    FragmentReader fragment =
        new FragmentReader()
            .reset(mutation.bytes(), mutation.fragmentOffset(), mutation.fragmentLength());
    long newest = Long.MIN_VALUE;
    if (!fragment.partitionDeletion().isNone()) {
      newest = fragment.partitionDeletion().timestampMicros();
    }
    RowReader row = new RowReader();
    FragmentReader.Entry entry = fragment.next();
    while (entry != FragmentReader.Entry.END) {
      newest =
          Math.max(
              newest,
              entry == FragmentReader.Entry.ROW
                  ? newestMicros(fragment.row(row))
                  : fragment.rangeTombstone().deletion().timestampMicros());
      entry = fragment.next();
    }
    return newest;
  }

  private static long newestMicros(RowReader row) {
    long newest = Long.MIN_VALUE;
    if (row.hasLiveness()) {
      newest = row.livenessTimestampMicros();
    }
    if (row.hasDeletion()) {
      newest = Math.max(newest, row.deletionTimestampMicros());
    }
    while (row.nextCell()) {
      newest = Math.max(newest, row.timestampMicros());
    }
    return newest;
  }
}
