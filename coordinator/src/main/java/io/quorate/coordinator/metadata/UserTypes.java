package io.quorate.coordinator.metadata;

import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.ListType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.SetType;
import io.quorate.protocol.types.CqlType.TupleType;
import io.quorate.protocol.types.CqlType.UserType;
import io.quorate.protocol.types.CqlType.VectorType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where user types stand inside other types. */
final class UserTypes {
  private UserTypes() {}

  /** All user types that {@code type} is or holds. */
  static List<UserType> in(CqlType type) {
    List<UserType> found = new ArrayList<>();
    collect(type, found);
    return found;
  }

  private static void collect(CqlType type, List<UserType> found) {
    switch (type) {
      case Scalar scalar -> {}
      case VectorType vector -> {}
      case ListType list -> collect(list.element(), found);
      case SetType set -> collect(set.element(), found);
      case MapType map -> {
        collect(map.key(), found);
        collect(map.value(), found);
      }
      case TupleType tuple -> tuple.fieldTypes().forEach(field -> collect(field, found));
      case UserType user -> {
        found.add(user);
        user.fieldTypes().forEach(field -> collect(field, found));
      }
    }
  }

  /** {@code type} with each occurrence of the user type of that name replaced. */
  static CqlType replace(CqlType type, UserType replacement) {
    return switch (type) {
      case Scalar scalar -> scalar;
      case VectorType vector -> vector;
      case ListType list -> new ListType(replace(list.element(), replacement), list.isFrozen());
      case SetType set -> new SetType(replace(set.element(), replacement), set.isFrozen());
      case MapType map ->
          new MapType(
              replace(map.key(), replacement), replace(map.value(), replacement), map.isFrozen());
      case TupleType tuple ->
          new TupleType(
              tuple.fieldTypes().stream().map(field -> replace(field, replacement)).toList());
      case UserType user -> {
        if (user.keyspace().equals(replacement.keyspace())
            && user.name().equals(replacement.name())) {
          yield user.isFrozen() ? replacement.freeze() : replacement;
        }
        yield new UserType(
            user.keyspace(),
            user.name(),
            user.fieldNames(),
            user.fieldTypes().stream().map(field -> replace(field, replacement)).toList(),
            user.isFrozen());
      }
    };
  }

  /** A table or type that uses the user type, in words; null when none does. */
  static @Nullable String userOf(KeyspaceMetadata keyspace, String typeName) {
    for (TableMetadata table : keyspace.tables().values()) {
      for (ColumnMetadata column : table.columns()) {
        if (in(column.type()).stream().anyMatch(used -> used.name().equals(typeName))) {
          return "table " + keyspace.name() + "." + table.name();
        }
      }
    }
    for (UserType type : keyspace.types().values()) {
      if (!type.name().equals(typeName)
          && in(type).stream().anyMatch(used -> used.name().equals(typeName))) {
        return "user type " + keyspace.name() + "." + type.name();
      }
    }
    return null;
  }
}
