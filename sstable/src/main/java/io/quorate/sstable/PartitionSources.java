package io.quorate.sstable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings what a read of one partition needs into a merger: memory first, then SSTables from the
 * newest to the oldest. An SSTable's rows are left out when none of them can matter: no row within
 * the wanted slices, all of them older than a deletion of the partition, or, where one row is
 * wanted, older in every column than a version that was found already. What is left out would not
 * change a byte of the answer, so replicas that hold the same rows in other files still agree.
 */
final class PartitionSources {
  private final PartitionMerger merger;
  private final byte[] partition;
  private final ReadLimits limits;
  private final byte @Nullable [] singleRow;

  /** Where versions of the single row were found. */
  private final List<RowCursor> versions;

  private final RowReader version = new RowReader();

  PartitionSources(PartitionMerger merger, byte[] partition, ReadLimits limits) {
    this.merger = merger;
    this.partition = partition;
    this.limits = limits;
    this.singleRow = limits.singleRow();
    this.versions = singleRow == null ? List.of() : new ArrayList<>(4);
  }

  /** The tables that may have the partition, from the newest to the oldest. */
  static List<SSTable> candidates(List<SSTable> tables, long token, ReadLimits limits) {
    List<SSTable> candidates = List.of();
    for (int i = 0; i < tables.size(); i++) {
      SSTable table = tables.get(i);
      if (!table.mayContain(token)
          || !(table.mayHaveHead(token)
              || table.statistics().mayHaveRows(limits.slices(), limits.includeStatic()))) {
        continue;
      }
      if (candidates.isEmpty()) {
        candidates = new ArrayList<>(4);
      }
      int at = candidates.size();
      while (at > 0 && isNewer(table, candidates.get(at - 1))) {
        at--;
      }
      candidates.add(at, table);
    }
    return candidates;
  }

  private static boolean isNewer(SSTable one, SSTable other) {
    return one.statistics().maxTimestampMicros() > other.statistics().maxTimestampMicros();
  }

  void add(Memtable memtable) {
    if (memtable.hasHeads()) {
      addHead(memtable.head(partition));
    }
    if (singleRow == null) {
      merger.addRows(new PartitionRows(memtable.cursor()).reset(partition, 0, partition.length));
      return;
    }
    RowCursor row = memtable.row(partition, singleRow);
    if (row != null) {
      merger.addRows(row);
      versions.add(row);
    }
  }

  /** Adds what was collected from memtables before. */
  void add(FragmentRows memory) throws IOException {
    merger.addDeletion(memory.partitionDeletion());
    merger.addRanges(memory.ranges());
    addRows(memory, memory::seekAtOrAfter);
  }

  /**
   * Adds an SSTable, or leaves it out.
   *
   * @return the rows that it has of the partition; null when they were not looked for
   */
  @Nullable PartitionRows add(SSTable table, EntryCursor entries) throws IOException {
    PartitionRows rows = new PartitionRows(entries).reset(partition, 0, partition.length);
    if (table.mayHaveHead(StoreKey.token(partition, 0))) {
      addHead(rows.head());
    }
    SSTableStatistics statistics = table.statistics();
    if (!statistics.mayHaveRows(limits.slices(), limits.includeStatic())
        || merger.partitionDeletion().outdoes(statistics.maxTimestampMicros())
        || isOutdone(statistics)) {
      return null;
    }
    addRows(rows, rows::probe);
    return rows;
  }

  private void addHead(PartitionHead head) {
    merger.addDeletion(head.deletion());
    merger.addRanges(head.ranges());
  }

  private interface Seek {
    boolean to(byte[] row) throws IOException;
  }

  private void addRows(RowCursor rows, Seek seek) throws IOException {
    merger.addRows(rows);
    if (singleRow != null
        && seek.to(singleRow)
        && RowKeys.compare(singleRow, rows.keyBytes, rows.keyOffset, rows.keyLength) == 0) {
      versions.add(rows);
    }
  }

  private boolean isOutdone(SSTableStatistics statistics) {
    for (int i = 0; i < versions.size(); i++) {
      RowCursor found = versions.get(i);
      version.reset(found.bodyBytes, found.bodyOffset, found.bodyLength);
      if (statistics.isOutdoneBy(version)) {
        return true;
      }
    }
    return false;
  }
}
