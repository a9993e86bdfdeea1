package io.quorate.cql;

import io.quorate.coordinator.metadata.ColumnMetadata;
import io.quorate.protocol.types.ByteComparable;
import io.quorate.protocol.types.ByteSink;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.ListType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.SetType;
import io.quorate.protocol.types.CqlType.UserType;
import io.quorate.protocol.types.ElementCursor;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What a write does to one column of each row it touches. Made once, immutable. */
sealed interface ColumnOperation {

  ColumnMetadata column();

  /** Adds what is to be written. */
  void apply(ExecutionContext context, CellChanges changes);

  /** {@code c = value}. */
  record Assign(ColumnMetadata column, Expression value) implements ColumnOperation {
    @Override
    public void apply(ExecutionContext context, CellChanges changes) {
      ValueSlot slot = changes.slot();
      value.evaluate(context, slot);
      if (slot.isUnset()) {
        return;
      }
      if (!column.type().isMultiCell()) {
        changes.set(null, slot);
        return;
      }
      changes.replaceAll();
      if (!slot.isNull()) {
        putAll(column.type(), slot.bytes, slot.offset, slot.length, context, changes);
      }
    }
  }

  /** {@code c = c + value}. */
  record Append(ColumnMetadata column, Expression value) implements ColumnOperation {
    @Override
    public void apply(ExecutionContext context, CellChanges changes) {
      ValueSlot slot = changes.slot();
      value.evaluate(context, slot);
      if (!slot.isAbsent()) {
        putAll(column.type(), slot.bytes, slot.offset, slot.length, context, changes);
      }
    }
  }

  /** {@code c = value + c}, for lists. */
  record Prepend(ColumnMetadata column, Expression value) implements ColumnOperation {
    @Override
    public void apply(ExecutionContext context, CellChanges changes) {
      ValueSlot slot = changes.slot();
      value.evaluate(context, slot);
      if (slot.isAbsent()) {
        return;
      }
      // The last element must get the greatest path, and paths descend: so from the last one back.
      ElementCursor cursor = ElementCursor.ofCollection(slot.bytes, slot.offset, slot.length, 1);
      ArrayDeque<byte[]> reversed = new ArrayDeque<>();
      while (cursor.next()) {
        reversed.push(element(cursor));
      }
      for (byte[] element : reversed) {
        changes.put(timePath(context.timeUuids().nextDescending()), element);
      }
    }
  }

  /** {@code c = c - value}: elements of a set, keys of a map. */
  record Remove(ColumnMetadata column, Expression keys) implements ColumnOperation {
    @Override
    public void apply(ExecutionContext context, CellChanges changes) {
      ValueSlot slot = changes.slot();
      keys.evaluate(context, slot);
      if (slot.isAbsent()) {
        return;
      }
      CqlType keyType = ((SetType) keys.type()).element();
      ElementCursor cursor = ElementCursor.ofCollection(slot.bytes, slot.offset, slot.length, 1);
      while (cursor.next()) {
        changes.remove(ByteComparable.encode(keyType, element(cursor)));
      }
    }
  }

  /** {@code m[key] = value}. */
  record PutEntry(ColumnMetadata column, Expression key, Expression value)
      implements ColumnOperation {
    @Override
    public void apply(ExecutionContext context, CellChanges changes) {
      byte[] path = keyPath(column, key, context);
      ValueSlot slot = changes.slot();
      value.evaluate(context, slot);
      if (!slot.isUnset()) {
        changes.set(path, slot);
      }
    }
  }

  /** {@code u.field = value}. */
  record SetField(ColumnMetadata column, int field, Expression value) implements ColumnOperation {
    @Override
    public void apply(ExecutionContext context, CellChanges changes) {
      ValueSlot slot = changes.slot();
      value.evaluate(context, slot);
      if (!slot.isUnset()) {
        changes.set(fieldPath(field), slot);
      }
    }
  }

  /** {@code DELETE c}. */
  record DeleteColumn(ColumnMetadata column) implements ColumnOperation {
    @Override
    public void apply(ExecutionContext context, CellChanges changes) {
      if (column.type().isMultiCell()) {
        changes.removeAll();
      } else {
        changes.remove(null);
      }
    }
  }

  /** {@code DELETE m[key]}. */
  record DeleteEntry(ColumnMetadata column, Expression key) implements ColumnOperation {
    @Override
    public void apply(ExecutionContext context, CellChanges changes) {
      changes.remove(keyPath(column, key, context));
    }
  }

  /** {@code DELETE u.field}. */
  record DeleteField(ColumnMetadata column, int field) implements ColumnOperation {
    @Override
    public void apply(ExecutionContext context, CellChanges changes) {
      changes.remove(fieldPath(field));
    }
  }

  private static byte[] keyPath(ColumnMetadata column, Expression key, ExecutionContext context) {
    byte[] bytes = key.bytes(context);
    if (bytes == null) {
      throw RequestException.invalid("Invalid null map key for column " + column.name());
    }
    return ByteComparable.encode(key.type(), bytes);
  }

  private static byte[] element(ElementCursor cursor) {
    if (cursor.isNull()) {
      throw RequestException.invalid("null is not supported inside collections");
    }
    return Arrays.copyOfRange(cursor.bytes(), cursor.offset(), cursor.offset() + cursor.length());
  }

  /** Fields of a user type are stored under their position, in two bytes. */
  static byte[] fieldPath(int field) {
    return new byte[] {(byte) (field >>> 8), (byte) field};
  }

  private static byte[] timePath(UUID timeUuid) {
    ByteSink bytes = new ByteSink(16);
    bytes.writeUuid(timeUuid);
    return ByteComparable.encode(CqlType.Scalar.TIMEUUID, bytes.toByteArray());
  }

  private static void putAll(
      CqlType type,
      byte[] bytes,
      int offset,
      int length,
      ExecutionContext context,
      CellChanges changes) {
    switch (type) {
      case ListType list -> {
        ElementCursor cursor = ElementCursor.ofCollection(bytes, offset, length, 1);
        while (cursor.next()) {
          changes.put(timePath(context.timeUuids().next()), element(cursor));
        }
      }
      case SetType set -> {
        ElementCursor cursor = ElementCursor.ofCollection(bytes, offset, length, 1);
        while (cursor.next()) {
          changes.put(ByteComparable.encode(set.element(), element(cursor)), new byte[0]);
        }
      }
      case MapType map -> {
        ElementCursor cursor = ElementCursor.ofCollection(bytes, offset, length, 2);
        while (cursor.next()) {
          byte[] path = ByteComparable.encode(map.key(), element(cursor));
          cursor.next();
          changes.put(path, element(cursor));
        }
      }
      case UserType user -> {
        ElementCursor cursor = ElementCursor.ofTuple(bytes, offset, length);
        for (int field = 0; cursor.next(); field++) {
          if (!cursor.isNull()) {
            changes.put(fieldPath(field), element(cursor));
          }
        }
      }
      default -> throw new IllegalStateException(type + " is one cell");
    }
  }

  /** Whether the operation may be one of several on its column. */
  default boolean isPartial() {
    return !(this instanceof Assign) && !(this instanceof DeleteColumn);
  }

  /** The value type that {@code c - value} takes; null where it cannot be used. */
  static @Nullable CqlType removedType(CqlType type) {
    return switch (type) {
      case SetType set -> new SetType(set.element(), true);
      case MapType map -> new SetType(map.key(), true);
      default -> null;
    };
  }
}
