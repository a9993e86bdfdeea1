package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.protocol.types.BigEndian;
import io.quorate.protocol.types.ByteComparable;
import io.quorate.protocol.types.ByteSink;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.ListType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.SetType;
import io.quorate.protocol.types.CqlType.UserType;
import io.quorate.protocol.types.RowKey;
import io.quorate.sstable.FragmentReader;
import io.quorate.sstable.RowReader;
import java.util.Arrays;
import java.util.List;

/**
 * Fills a row buffer from the fragments that a read gives, row by row, in either direction. Values
 * stay where they are in the fragment; only collections of many cells are put together anew. Owned
 * by its execution, reused from partition to partition.
 */
final class RowSource {
  private final RowBuffer row;
  private final ColumnSlots slots;
  private final List<ColumnMetadata> columns;
  private final int[] clusteringEnds;

  private final FragmentReader fragment = new FragmentReader();
  private final RowReader body = new RowReader();
  private final ByteSink clusteringValues = new ByteSink(0);
  private final ByteSink collections = new ByteSink(0);

  /** For each live row: key offset, key length, body offset, body length. */
  private int[] positions = new int[4];

  private int rowCount;
  private int current;
  private int step;
  private boolean hasStatic;

  RowSource(ColumnSlots slots, RowBuffer row) {
    this.row = row;
    this.slots = slots;
    this.columns = slots.columns();
    this.clusteringEnds = new int[slots.clustering().size()];
  }

  /** Takes in a partition and fills the slots of its key and static columns. */
  void begin(long token, byte[] key, byte[] fragmentBytes, boolean reversed) {
    row.token = token;
    ValueSlot component = new ValueSlot();
    for (int slot = 0; slot < columns.size(); slot++) {
      ColumnMetadata column = columns.get(slot);
      if (column.kind() == ColumnMetadata.Kind.PARTITION_KEY) {
        PartitionKeys.component(key, column.position(), slots.keyColumns(), component);
        row.set(slot, component.bytes, component.offset, component.length);
      } else {
        row.clear(slot);
      }
    }
    rowCount = 0;
    hasStatic = false;
    fragment.reset(fragmentBytes);
    FragmentReader.Entry entry = fragment.next();
    while (entry != FragmentReader.Entry.END) {
      if (entry == FragmentReader.Entry.ROW) {
        if (fragment.isStaticRow()) {
          hasStatic = fill(fragment.bodyOffset(), fragment.bodyLength(), true);
        } else {
          note();
        }
      }
      entry = fragment.next();
    }
    current = reversed ? rowCount : -1;
    step = reversed ? -1 : 1;
  }

  private void note() {
    int at = rowCount * 4;
    if (at == positions.length) {
      positions = Arrays.copyOf(positions, 2 * at);
    }
    positions[at] = fragment.keyOffset();
    positions[at + 1] = fragment.keyLength();
    positions[at + 2] = fragment.bodyOffset();
    positions[at + 3] = fragment.bodyLength();
    rowCount++;
  }

  /** Whether the partition has a static row that can be seen. */
  boolean hasStatic() {
    return hasStatic;
  }

  /** Moves to the next row that can be seen and fills its slots. */
  boolean next() {
    while (true) {
      current += step;
      if (current < 0 || current >= rowCount) {
        return false;
      }
      if (fill(positions[current * 4 + 2], positions[current * 4 + 3], false)) {
        if (slots.needsClustering()) {
          fillClustering();
        }
        return true;
      }
    }
  }

  /** The key of the row that {@link #next} stands on. */
  byte[] rowKey() {
    int offset = positions[current * 4];
    return Arrays.copyOfRange(fragment.bytes(), offset, offset + positions[current * 4 + 1]);
  }

  private void fillClustering() {
    clusteringValues.clear();
    RowKey.decode(
        slots.clustering(),
        fragment.bytes(),
        positions[current * 4],
        positions[current * 4 + 1],
        clusteringValues,
        clusteringEnds);
    int[] clusteringSlots = slots.clusteringSlots();
    for (int i = 0; i < clusteringSlots.length; i++) {
      if (clusteringSlots[i] != ColumnSlots.NO_SLOT) {
        int start = i == 0 ? 0 : clusteringEnds[i - 1];
        row.set(clusteringSlots[i], clusteringValues.array(), start, clusteringEnds[i] - start);
      }
    }
  }

  /** Fills the slots of a body's columns; false if nothing in it can be seen. */
  private boolean fill(int offset, int length, boolean isStatic) {
    ColumnMetadata.Kind kind = isStatic ? ColumnMetadata.Kind.STATIC : ColumnMetadata.Kind.REGULAR;
    for (int slot = 0; slot < columns.size(); slot++) {
      if (columns.get(slot).kind() == kind) {
        row.clear(slot);
      }
    }
    long nowSeconds = row.nowSeconds;
    body.reset(fragment.bytes(), offset, length);
    boolean visible = body.hasLiveness() && !body.livenessExpired(nowSeconds);
    Gathering gathering = null;
    while (body.nextCell()) {
      int id = body.columnId();
      if (body.isComplexDeletion() || !body.isLiveCell(nowSeconds)) {
        continue;
      }
      visible = true;
      int slot = slots.slot(id);
      if (gathering != null && gathering.slot != slot) {
        gathering.end();
        gathering = null;
      }
      if (slot == ColumnSlots.NO_SLOT) {
        continue;
      }
      if (body.hasPath()) {
        if (gathering == null) {
          // Each collection has its own array: the slot must outlive the row's other columns.
          gathering = new Gathering(slot, columns.get(slot).type());
        }
        gathering.add();
      } else {
        row.set(slot, body.bytes(), body.valueOffset(), body.valueLength());
        row.timestampsMicros[slot] = body.timestampMicros();
        row.expiresAtSeconds[slot] = body.isExpiring() ? body.expiresAtSeconds() : 0;
      }
    }
    if (gathering != null) {
      gathering.end();
    }
    return visible;
  }

  /** Puts the cells of one collection or user type together. */
  private final class Gathering {
    final int slot;
    private final CqlType type;
    private int count;
    private int nextField;

    Gathering(int slot, CqlType type) {
      this.slot = slot;
      this.type = type;
      collections.clear();
      if (type.isCollection()) {
        collections.writeInt(0);
      }
    }

    void add() {
      switch (type) {
        case ListType list -> value();
        case SetType set -> path(set.element());
        case MapType map -> {
          path(map.key());
          value();
        }
        case UserType user -> {
          int field = BigEndian.readUnsignedShort(body.bytes(), body.pathOffset());
          nulls(field);
          value();
          nextField = field + 1;
        }
        default -> throw new IllegalStateException(type + " is one cell");
      }
      count++;
    }

    private void value() {
      collections.writeValue(body.bytes(), body.valueOffset(), body.valueLength());
    }

    private void path(CqlType keyType) {
      int lengthAt = collections.length();
      collections.writeInt(0);
      ByteComparable.decode(keyType, body.bytes(), body.pathOffset(), collections);
      collections.overwriteInt(lengthAt, collections.length() - lengthAt - 4);
    }

    private void nulls(int until) {
      for (; nextField < until; nextField++) {
        collections.writeInt(-1);
      }
    }

    void end() {
      if (type instanceof UserType user) {
        nulls(user.fieldNames().size());
      } else {
        collections.overwriteInt(0, count);
      }
      row.set(slot, collections.toByteArray());
    }
  }
}
