package io.quorate.sstable;

import io.quorate.environment.Invariant;
import io.quorate.sstable.FragmentReader.Entry;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One table's recent updates on one shard, in memory and in order. Rows keep the bytes that came in
 * the mutation; a second update of a row is merged into it at once. Deletions of partitions and
 * ranges stand as the partition's head in front of its rows and take effect when read.
 *
 * <p>Owned by its shard's thread until {@link #freeze}; from then on immutable and readable from
 * any thread that was handed it.
 */
final class Memtable {
  private static final byte[] NO_HEAD = PartitionRows.NO_HEAD.toBytes();

  private final Entries entries = new Entries();
  private final EntryTree tree = new EntryTree(entries);
  private final FragmentReader fragment = new FragmentReader();
  private final RowReader row = new RowReader();
  private final RowMerger merger = new RowMerger();
  private final ByteWriter key = new ByteWriter(128);
  private final ByteWriter range = new ByteWriter(64);
  private final ByteWriter headBytes = new ByteWriter(64);
  private long firstSegmentId = Long.MAX_VALUE;
  private boolean hasHeads;
  private long minTimestampMicros = Long.MAX_VALUE;
  private boolean frozen;

  /** An update that was taken stands in this segment of the commit log or in a later one. */
  void noteSegment(long segmentId) {
    firstSegmentId = Math.min(firstSegmentId, segmentId);
  }

  /** Takes an update. */
  void put(Mutation mutation) {
    Invariant.check(!frozen, "a frozen memtable takes no updates");
    byte[] bytes = mutation.bytes();
    key.clear();
    StoreKey.writePartition(
        key, mutation.token(), bytes, mutation.keyOffset(), mutation.keyLength());
    int partitionLength = key.length;
    fragment.reset(bytes, mutation.fragmentOffset(), mutation.fragmentLength());
    if (!fragment.partitionDeletion().isNone()) {
      putDeletion(fragment.partitionDeletion());
    }
    for (Entry entry = fragment.next(); entry != Entry.END; entry = fragment.next()) {
      key.length = partitionLength;
      if (entry == Entry.ROW) {
        key.put(bytes, fragment.keyOffset(), fragment.keyLength());
        putRow(bytes, fragment.bodyOffset(), fragment.bodyLength());
      } else {
        putRange(fragment.rangeTombstone());
      }
    }
  }

  private void putRow(byte[] body, int offset, int length) {
    noteTimestamps(body, offset, length);
    int entry = tree.findOrAdd(key.bytes, key.length, body, offset, length);
    if (tree.added) {
      return;
    }
    merger.begin();
    merger.add(entries.valueBytes(entry), entries.valueOffset(entry), entries.valueLength(entry));
    merger.add(body, offset, length);
    boolean remains = merger.merge(Deletion.NONE, RowMerger.NEVER_SECONDS, Purge.NONE);
    Invariant.check(remains, "a merged row says what its parts said");
    // A row that is updated often grows by doubling, not by a copy for each update.
    entries.setValue(entry, merger.bytes, merger.offset, merger.length, merger.length * 2);
  }

  private void noteTimestamps(byte[] body, int offset, int length) {
    row.reset(body, offset, length);
    if (row.hasLiveness()) {
      minTimestampMicros = Math.min(minTimestampMicros, row.livenessTimestampMicros());
    }
    if (row.hasDeletion()) {
      minTimestampMicros = Math.min(minTimestampMicros, row.deletionTimestampMicros());
    }
    while (row.nextCell()) {
      minTimestampMicros = Math.min(minTimestampMicros, row.timestampMicros());
    }
  }

  private void putDeletion(Deletion deletion) {
    minTimestampMicros = Math.min(minTimestampMicros, deletion.timestampMicros());
    int entry = findOrAddHead();
    PartitionHead head = head(entry);
    writeHead(entry, new PartitionHead(head.deletion().or(deletion), head.ranges()));
  }

  private void putRange(RangeTombstone tombstone) {
    minTimestampMicros = Math.min(minTimestampMicros, tombstone.deletion().timestampMicros());
    int entry = findOrAddHead();
    range.clear();
    PartitionHead.writeRange(range, tombstone);
    if (entries.valueLength(entry) + range.length > entries.valueCapacity(entry)) {
      writeHead(entry, head(entry).canonical());
    }
    int length = entries.valueLength(entry) + range.length;
    if (length > entries.valueCapacity(entry)) {
      entries.move(entry, 2 * length);
    }
    entries.appendValue(entry, range.bytes, 0, range.length);
  }

  private int findOrAddHead() {
    hasHeads = true;
    return tree.findOrAdd(key.bytes, key.length, NO_HEAD, 0, NO_HEAD.length);
  }

  private PartitionHead head(int entry) {
    return PartitionHead.read(
        entries.valueBytes(entry), entries.valueOffset(entry), entries.valueLength(entry));
  }

  private void writeHead(int entry, PartitionHead head) {
    headBytes.clear();
    head.write(headBytes);
    entries.setValue(entry, headBytes.bytes, 0, headBytes.length, headBytes.length);
  }

  /** A partition's head, empty when it has none. */
  PartitionHead head(byte[] partition) {
    int entry = tree.find(partition, partition.length);
    return entry == Entries.NONE ? PartitionRows.NO_HEAD : head(entry);
  }

  /** The row with exactly this key; null when there is none. Valid until the next {@link #put}. */
  @Nullable RowCursor row(byte[] partition, byte[] rowKey) {
    byte[] wanted = Arrays.copyOf(partition, partition.length + rowKey.length);
    System.arraycopy(rowKey, 0, wanted, partition.length, rowKey.length);
    int entry = tree.find(wanted, wanted.length);
    return entry == Entries.NONE
        ? null
        : new FoundRow(
            entries.keyBytes(entry),
            Entries.keyOffset(entry) + partition.length,
            rowKey.length,
            entries.valueBytes(entry),
            entries.valueOffset(entry),
            entries.valueLength(entry));
  }

  /** Entries in order. Valid until the next {@link #put}. */
  EntryCursor cursor() {
    return tree.cursor();
  }

  /** Like {@link #cursor}, for a walk over all entries. */
  EntryCursor scanCursor() {
    return tree.scanCursor();
  }

  void freeze() {
    frozen = true;
  }

  boolean isEmpty() {
    return tree.entryCount() == 0;
  }

  long memoryBytes() {
    return entries.memoryBytes() + tree.memoryBytes();
  }

  /** Whether any partition has a deletion or range tombstones. */
  boolean hasHeads() {
    return hasHeads;
  }

  /** No update in here stands in an earlier segment of the commit log. */
  long firstSegmentId() {
    return firstSegmentId;
  }

  /** The least timestamp of anything in here; {@link Long#MAX_VALUE} when empty. */
  long minTimestampMicros() {
    return minTimestampMicros;
  }
}
