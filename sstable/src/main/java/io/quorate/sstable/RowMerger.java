package io.quorate.sstable;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Merges the bodies of one row. This is the one place where it is decided what wins:
 *
 * <ol>
 *   <li>A deletion (of the partition, a range, the row, a collection) removes what it covers with a
 *       timestamp up to its own. Of two deletions of the same thing the greater remains, by
 *       timestamp, then by local time.
 *   <li>Of two cells the one with the greater timestamp wins.
 *   <li>At equal timestamps a tombstone wins over a value; of two tombstones the one with the
 *       greater local time; of two values the greater in unsigned byte order, then the one that
 *       expires later (one that does not expire counts as 0), then the longer time to live.
 *   <li>Of two livenesses: the greater timestamp, then the later expiry, then the time to live.
 *   <li>What has expired at {@code nowSeconds} is then turned from a value into a tombstone made
 *       when it expired. Liveness stays as it is, since it would uncover an older one.
 * </ol>
 *
 * <p>Each step takes a maximum of a total order and drops only what something that stays covers, so
 * merging is commutative, associative and idempotent: replicas that have seen the same updates, in
 * any order and any number of times, hold the same bytes.
 *
 * <p>The result stands in {@link #bytes} until the next merge. Reused, not thread-safe.
 */
final class RowMerger {
  /** A moment at which nothing has expired. */
  static final long NEVER_SECONDS = 0;

  private RowReader[] sources = {new RowReader(), new RowReader()};
  private boolean[] atCell = new boolean[2];
  private int sourceCount;
  private final ByteWriter merged = new ByteWriter(512);
  private final RowWriter writer = new RowWriter(merged);

  byte[] bytes = RowKeys.LOWEST;
  int offset;
  int length;

  /** Whether the merged row can be seen at {@code nowSeconds}. */
  boolean live;

  void begin() {
    sourceCount = 0;
  }

  void add(byte[] body, int bodyOffset, int bodyLength) {
    if (sourceCount == sources.length) {
      sources = Arrays.copyOf(sources, 2 * sourceCount);
      for (int i = sourceCount; i < sources.length; i++) {
        sources[i] = new RowReader();
      }
      atCell = new boolean[sources.length];
    }
    sources[sourceCount++].reset(body, bodyOffset, bodyLength);
    bytes = body;
    offset = bodyOffset;
    length = bodyLength;
  }

  /**
   * Merges what was added.
   *
   * @param cover the deletion of partition and ranges that covers the row
   * @param nowSeconds what expires up to then has expired
   * @param purge tombstones that are left out, after they have had their effect
   * @return whether anything remains
   */
  boolean merge(Deletion cover, long nowSeconds, Purge purge) {
    if (sourceCount == 1 && cover.isNone() && purge.isNone()) {
      int flags = sources[0].flags();
      if ((flags & RowReader.HAS_EXPIRING) == 0 || nowSeconds == NEVER_SECONDS) {
        live = sources[0].isLive(nowSeconds);
        return true;
      }
    }
    merged.clear();
    writer.begin();
    live = false;
    Deletion covering = mergeDeletion(cover, purge);
    mergeLiveness(covering, nowSeconds, purge);
    mergeCells(covering, nowSeconds, purge);
    boolean remains = writer.end();
    bytes = merged.bytes;
    offset = 0;
    length = merged.length;
    return remains;
  }

  private Deletion mergeDeletion(Deletion cover, Purge purge) {
    Deletion greatest = Deletion.NONE;
    for (int i = 0; i < sourceCount; i++) {
      RowReader source = sources[i];
      if (source.hasDeletion()) {
        greatest =
            greatest.or(
                new Deletion(source.deletionTimestampMicros(), source.deletionLocalSeconds()));
      }
    }
    if (!greatest.supersedes(cover)) {
      return cover;
    }
    if (!purge.drops(greatest)) {
      writer.deletion(greatest.timestampMicros(), greatest.localSeconds());
    }
    return greatest;
  }

  private void mergeLiveness(Deletion covering, long nowSeconds, Purge purge) {
    RowReader best = sources[0];
    for (int i = 1; i < sourceCount; i++) {
      if (compareLiveness(sources[i], best) > 0) {
        best = sources[i];
      }
    }
    if (!best.hasLiveness()
        || covering.covers(best.livenessTimestampMicros())
        || (best.livenessExpired(nowSeconds)
            && purge.drops(best.livenessTimestampMicros(), best.livenessExpiresAtSeconds()))) {
      return;
    }
    live = !best.livenessExpired(nowSeconds);
    writer.liveness(
        best.livenessTimestampMicros(), best.livenessTtlSeconds(), best.livenessExpiresAtSeconds());
  }

  private static int compareLiveness(RowReader left, RowReader right) {
    int order = Long.compare(left.livenessTimestampMicros(), right.livenessTimestampMicros());
    if (order == 0) {
      order = Long.compare(left.livenessExpiresAtSeconds(), right.livenessExpiresAtSeconds());
    }
    return order != 0
        ? order
        : Integer.compare(left.livenessTtlSeconds(), right.livenessTtlSeconds());
  }

  private void mergeCells(Deletion covering, long nowSeconds, Purge purge) {
    for (int i = 0; i < sourceCount; i++) {
      atCell[i] = sources[i].nextCell();
    }
    int complexColumnId = -1;
    long complexTimestampMicros = RowReader.NO_TIMESTAMP;
    for (RowReader cell = nextWinner(); cell != null; cell = nextWinner()) {
      boolean covered =
          covering.covers(cell.timestampMicros())
              || (cell.columnId() == complexColumnId
                  && cell.timestampMicros() <= complexTimestampMicros);
      if (cell.isComplexDeletion()) {
        complexColumnId = cell.columnId();
        complexTimestampMicros = cell.timestampMicros();
      }
      if (!covered) {
        write(cell, nowSeconds, purge);
      }
      passWinner(cell);
    }
  }

  private void write(RowReader cell, long nowSeconds, Purge purge) {
    if (cell.isExpiring() && cell.expiresAtSeconds() <= nowSeconds) {
      if (!purge.drops(cell.timestampMicros(), cell.expiresAtSeconds())) {
        writer.copyExpired(cell);
      }
      return;
    }
    boolean deletes = cell.isTombstone() || cell.isComplexDeletion();
    if (deletes && purge.drops(cell.timestampMicros(), cell.localSeconds())) {
      return;
    }
    live |= !deletes;
    writer.copy(cell);
  }

  /** Of the least cells that the sources stand on, the one that wins; null at the end. */
  private @Nullable RowReader nextWinner() {
    RowReader winner = null;
    for (int i = 0; i < sourceCount; i++) {
      if (!atCell[i]) {
        continue;
      }
      RowReader candidate = sources[i];
      if (winner == null) {
        winner = candidate;
        continue;
      }
      int order = RowReader.compareCells(candidate, winner);
      if (order < 0 || (order == 0 && compareWeight(candidate, winner) > 0)) {
        winner = candidate;
      }
    }
    return winner;
  }

  /** Moves all sources on that stand on the winner's cell, the winner last. */
  private void passWinner(RowReader winner) {
    int winnerIndex = -1;
    for (int i = 0; i < sourceCount; i++) {
      if (sources[i] == winner) {
        winnerIndex = i;
      } else if (atCell[i] && RowReader.compareCells(sources[i], winner) == 0) {
        atCell[i] = sources[i].nextCell();
      }
    }
    atCell[winnerIndex] = winner.nextCell();
  }

  /** Which of two values, tombstones or complex deletions of the same cell wins: the greater. */
  private static int compareWeight(RowReader left, RowReader right) {
    if (left.timestampMicros() != right.timestampMicros()) {
      return Long.compare(left.timestampMicros(), right.timestampMicros());
    }
    if (left.isTombstone() != right.isTombstone()) {
      return left.isTombstone() ? 1 : -1;
    }
    if (left.isTombstone() || left.isComplexDeletion()) {
      return Long.compare(left.localSeconds(), right.localSeconds());
    }
    int order =
        Arrays.compareUnsigned(
            left.bytes,
            left.valueOffset(),
            left.valueOffset() + left.valueLength(),
            right.bytes,
            right.valueOffset(),
            right.valueOffset() + right.valueLength());
    if (order == 0) {
      order = Long.compare(left.expiresAtSeconds(), right.expiresAtSeconds());
    }
    return order != 0 ? order : Integer.compare(left.ttlSeconds(), right.ttlSeconds());
  }
}
