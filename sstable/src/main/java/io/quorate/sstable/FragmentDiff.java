package io.quorate.sstable;

import io.quorate.sstable.FragmentReader.Entry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one replica lacks of what all replicas together know. */
public final class FragmentDiff {
  private final FragmentReader merged = new FragmentReader();
  private final FragmentReader replica = new FragmentReader();
  private final RowReader mergedRow = new RowReader();
  private final RowReader replicaRow = new RowReader();
  private final FragmentWriter out = new FragmentWriter();
  private List<RangeTombstone> replicaRanges = List.of();
  private Entry replicaEntry = Entry.END;

  private FragmentDiff() {}

  /**
   * The fragment that brings a replica up to date: merged with what the replica has it gives {@code
   * merged}. Null when nothing is missing.
   *
   * @param merged canonical, merged from the replica's fragment and others
   * @param replica canonical
   */
  public static byte @Nullable [] missing(byte[] merged, byte[] replica) {
    return Arrays.equals(merged, replica) ? null : new FragmentDiff().diff(merged, replica);
  }

  private byte @Nullable [] diff(byte[] mergedBytes, byte[] replicaBytes) {
    replicaRanges = rangesOf(replicaBytes);
    merged.reset(mergedBytes);
    replica.reset(replicaBytes);
    out.begin();
    Deletion deletion = merged.partitionDeletion();
    if (deletion.supersedes(replica.partitionDeletion())) {
      out.partitionDeletion(deletion.timestampMicros(), deletion.localSeconds());
    }
    replicaEntry = replica.next();
    for (Entry entry = merged.next(); entry != Entry.END; entry = merged.next()) {
      if (entry == Entry.RANGE_TOMBSTONE) {
        diffRange(merged.rangeTombstone());
      } else {
        diffRow();
      }
    }
    return out.isEmpty() ? null : out.finish();
  }

  private List<RangeTombstone> rangesOf(byte[] fragment) {
    replica.reset(fragment);
    List<RangeTombstone> ranges = new ArrayList<>();
    for (Entry entry = replica.next(); entry != Entry.END; entry = replica.next()) {
      if (entry == Entry.RANGE_TOMBSTONE) {
        ranges.add(replica.rangeTombstone());
      }
    }
    return ranges;
  }

  /** A range that the replica has only in part is sent whole. */
  private void diffRange(RangeTombstone range) {
    for (RangeTombstone has : replicaRanges) {
      if (has.deletion().equals(range.deletion())
          && Arrays.compareUnsigned(has.start(), range.start()) <= 0
          && Arrays.compareUnsigned(has.end(), range.end()) >= 0) {
        return;
      }
    }
    out.rangeTombstone(range);
  }

  private void diffRow() {
    while (replicaEntry != Entry.END
        && (replicaEntry == Entry.RANGE_TOMBSTONE || compareKeys() < 0)) {
      replicaEntry = replica.next();
    }
    if (replicaEntry == Entry.END || compareKeys() > 0) {
      out.row(
          merged.bytes(),
          merged.keyOffset(),
          merged.keyLength(),
          merged.bytes(),
          merged.bodyOffset(),
          merged.bodyLength());
    } else if (!sameBody()) {
      out.beginRow(merged.bytes(), merged.keyOffset(), merged.keyLength());
      diffBody(merged.row(mergedRow), replica.row(replicaRow));
      out.endRow();
    }
  }

  private int compareKeys() {
    return Arrays.compareUnsigned(
        replica.bytes(),
        replica.keyOffset(),
        replica.keyOffset() + replica.keyLength(),
        merged.bytes(),
        merged.keyOffset(),
        merged.keyOffset() + merged.keyLength());
  }

  private boolean sameBody() {
    return Arrays.equals(
        merged.bytes(),
        merged.bodyOffset(),
        merged.bodyOffset() + merged.bodyLength(),
        replica.bytes(),
        replica.bodyOffset(),
        replica.bodyOffset() + replica.bodyLength());
  }

  private void diffBody(RowReader wanted, RowReader has) {
    if (wanted.hasLiveness()
        && (wanted.livenessTimestampMicros() != has.livenessTimestampMicros()
            || wanted.livenessExpiresAtSeconds() != has.livenessExpiresAtSeconds()
            || wanted.livenessTtlSeconds() != has.livenessTtlSeconds())) {
      out.rowLiveness(
          wanted.livenessTimestampMicros(),
          wanted.livenessTtlSeconds(),
          wanted.livenessExpiresAtSeconds());
    }
    if (wanted.hasDeletion()
        && (wanted.deletionTimestampMicros() != has.deletionTimestampMicros()
            || wanted.deletionLocalSeconds() != has.deletionLocalSeconds())) {
      out.rowDeletion(wanted.deletionTimestampMicros(), wanted.deletionLocalSeconds());
    }
    boolean hasCell = has.nextCell();
    while (wanted.nextCell()) {
      while (hasCell && RowReader.compareCells(has, wanted) < 0) {
        hasCell = has.nextCell();
      }
      if (!hasCell || RowReader.compareCells(has, wanted) != 0 || !sameCell(has, wanted)) {
        out.copyCell(wanted);
      }
    }
  }

  private static boolean sameCell(RowReader left, RowReader right) {
    return left.timestampMicros() == right.timestampMicros()
        && left.isTombstone() == right.isTombstone()
        && left.localSeconds() == right.localSeconds()
        && left.expiresAtSeconds() == right.expiresAtSeconds()
        && left.ttlSeconds() == right.ttlSeconds()
        && Arrays.equals(
            left.bytes(),
            left.valueOffset(),
            left.valueOffset() + left.valueLength(),
            right.bytes(),
            right.valueOffset(),
            right.valueOffset() + right.valueLength());
  }
}
