package io.quorate.sstable;

import io.quorate.sstable.FragmentReader.Entry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a client must see, worked out in the plainest way from everything that was ever written:
 * each cell is looked at with every deletion. The oracle of the engine's tests.
 */
final class ReferencePartition {

  /** A rule that is broken on purpose, to see that somebody notices. */
  enum Broken {
    NOTHING,
    /** Of two values with one timestamp the lesser wins. */
    TIES,
    /** A deleted cell, or one that lies in a deleted range, is there. */
    TOMBSTONES
  }

  private final Broken broken;

  ReferencePartition() {
    this(Broken.NOTHING);
  }

  ReferencePartition(Broken broken) {
    this.broken = broken;
  }

  private record Version(
      long timestamp, boolean tombstone, long expiresAt, int ttl, byte[] value) {}

  /** A row's key, or a cell's place, as text that sorts like its bytes. */
  private final TreeMap<String, TreeMap<String, List<Version>>> cells = new TreeMap<>();

  private final TreeMap<String, List<Version>> liveness = new TreeMap<>();
  private final TreeMap<String, Long> rowDeletions = new TreeMap<>();
  private final TreeMap<String, Long> complexDeletions = new TreeMap<>();
  private final List<RangeTombstone> ranges = new ArrayList<>();
  private long partitionDeletion = Long.MIN_VALUE;

  void add(byte[] fragment) {
    add(fragment, 0, fragment.length);
  }

  void add(byte[] bytes, int offset, int length) {
    FragmentReader reader = new FragmentReader().reset(bytes, offset, length);
    partitionDeletion = Math.max(partitionDeletion, reader.partitionDeletion().timestampMicros());
    for (Entry entry = reader.next(); entry != Entry.END; entry = reader.next()) {
      if (entry == Entry.RANGE_TOMBSTONE) {
        ranges.add(reader.rangeTombstone());
      } else {
        addRow(
            HexFormat.of()
                .formatHex(bytes, reader.keyOffset(), reader.keyOffset() + reader.keyLength()),
            reader.row(new RowReader()));
      }
    }
  }

  private void addRow(String key, RowReader row) {
    cells.computeIfAbsent(key, k -> new TreeMap<>());
    if (row.hasLiveness()) {
      liveness
          .computeIfAbsent(key, k -> new ArrayList<>())
          .add(
              new Version(
                  row.livenessTimestampMicros(),
                  false,
                  row.livenessExpiresAtSeconds(),
                  row.livenessTtlSeconds(),
                  new byte[0]));
    }
    if (row.hasDeletion()) {
      rowDeletions.merge(key, row.deletionTimestampMicros(), Math::max);
    }
    while (row.nextCell()) {
      if (row.isComplexDeletion()) {
        complexDeletions.merge(key + "/" + row.columnId(), row.timestampMicros(), Math::max);
        continue;
      }
      String path =
          row.hasPath()
              ? ":"
                  + HexFormat.of()
                      .formatHex(row.bytes(), row.pathOffset(), row.pathOffset() + row.pathLength())
              : "";
      cells
          .computeIfAbsent(key, k -> new TreeMap<>())
          .computeIfAbsent(row.columnId() + path, k -> new ArrayList<>())
          .add(
              new Version(
                  row.timestampMicros(),
                  row.isTombstone(),
                  row.expiresAtSeconds(),
                  row.ttlSeconds(),
                  Arrays.copyOfRange(
                      row.bytes(), row.valueOffset(), row.valueOffset() + row.valueLength())));
    }
  }

  String visible(long now) {
    return visible(now, List.of(Slice.ALL), false, Integer.MAX_VALUE);
  }

  /** The rows that can be seen, in ascending order, as text. */
  String visible(long now, List<Slice> slices, boolean reversed, int limit) {
    List<String> seen = new ArrayList<>();
    String staticRow = "";
    for (String key : cells.keySet()) {
      byte[] bytes = HexFormat.of().parseHex(key);
      boolean isStatic = Arrays.equals(bytes, RowKeys.STATIC);
      if (isStatic) {
        staticRow = visibleRow(key, bytes, now);
      } else if (slices.stream().anyMatch(slice -> slice.contains(bytes, 0, bytes.length))) {
        String row = visibleRow(key, bytes, now);
        if (!row.isEmpty()) {
          seen.add(row);
        }
      }
    }
    int size = seen.size();
    if (size > limit) {
      seen = reversed ? seen.subList(size - limit, size) : seen.subList(0, limit);
    }
    return staticRow + seen;
  }

  private String visibleRow(String key, byte[] bytes, long now) {
    long covering = Math.max(partitionDeletion, rowDeletions.getOrDefault(key, Long.MIN_VALUE));
    if (!Arrays.equals(bytes, RowKeys.STATIC)) {
      for (RangeTombstone range : ranges) {
        if (new Slice(range.start(), range.end()).contains(bytes, 0, bytes.length)) {
          covering = Math.max(covering, range.deletion().timestampMicros());
        }
      }
    }
    StringBuilder row = new StringBuilder();
    Version live = winner(liveness.getOrDefault(key, List.of()), covering);
    if (live != null && (live.ttl == 0 || live.expiresAt > now)) {
      row.append(" live@").append(live.timestamp).append('+').append(live.ttl);
    }
    cells
        .getOrDefault(key, new TreeMap<>())
        .forEach((place, versions) -> row.append(visibleCell(key, place, versions, now)));
    String text = row.toString();
    return text.isEmpty() ? "" : key + ":" + text;
  }

  private String visibleCell(String key, String place, List<Version> versions, long now) {
    byte[] bytes = HexFormat.of().parseHex(key);
    long covering = Math.max(partitionDeletion, rowDeletions.getOrDefault(key, Long.MIN_VALUE));
    int colon = place.indexOf(':');
    String column = colon < 0 ? place : place.substring(0, colon);
    covering =
        Math.max(covering, complexDeletions.getOrDefault(key + "/" + column, Long.MIN_VALUE));
    if (!Arrays.equals(bytes, RowKeys.STATIC)) {
      for (RangeTombstone range : ranges) {
        if (new Slice(range.start(), range.end()).contains(bytes, 0, bytes.length)) {
          covering = Math.max(covering, range.deletion().timestampMicros());
        }
      }
    }
    Version winner = winner(versions, covering);
    if (winner == null || winner.tombstone || (winner.ttl > 0 && winner.expiresAt <= now)) {
      return "";
    }
    return " "
        + place
        + "="
        + HexFormat.of().formatHex(winner.value)
        + "@"
        + winner.timestamp
        + "+"
        + winner.ttl
        + "/"
        + winner.expiresAt;
  }

  private @Nullable Version winner(List<Version> versions, long covering) {
    Version winner = null;
    for (Version version : versions) {
      if (broken == Broken.TOMBSTONES && version.tombstone) {
        continue;
      }
      if (version.timestamp > covering && (winner == null || compare(version, winner) > 0)) {
        winner = version;
      }
    }
    return winner;
  }

  private int compare(Version left, Version right) {
    int order = Long.compare(left.timestamp, right.timestamp);
    order = order != 0 ? order : Boolean.compare(left.tombstone, right.tombstone);
    int values = Arrays.compareUnsigned(left.value, right.value);
    order = order != 0 ? order : broken == Broken.TIES ? -values : values;
    order = order != 0 ? order : Long.compare(left.expiresAt, right.expiresAt);
    return order != 0 ? order : Integer.compare(left.ttl, right.ttl);
  }
}
