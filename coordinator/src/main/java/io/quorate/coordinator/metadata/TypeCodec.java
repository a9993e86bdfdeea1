package io.quorate.coordinator.metadata;

import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.ListType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.SetType;
import io.quorate.protocol.types.CqlType.TupleType;
import io.quorate.protocol.types.CqlType.UserType;
import io.quorate.protocol.types.CqlType.VectorType;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * CQL types as bytes, whole: a user type carries its fields, so that a column's type can be read
 * without looking anything up.
 *
 * <pre>
 *   type := 1 name | 2 frozen element | 3 frozen element | 4 frozen key value | 5 count type*
 *         | 6 frozen keyspace name count (field type)* | 7 element dimension
 * </pre>
 */
final class TypeCodec {
  private static final int SCALAR = 1;
  private static final int LIST = 2;
  private static final int SET = 3;
  private static final int MAP = 4;
  private static final int TUPLE = 5;
  private static final int USER = 6;
  private static final int VECTOR = 7;

  private TypeCodec() {}

  static void write(DataOutputStream out, CqlType type) throws IOException {
    switch (type) {
      case Scalar scalar -> {
        out.writeByte(SCALAR);
        out.writeUTF(scalar.toString());
      }
      case ListType list -> {
        out.writeByte(LIST);
        out.writeBoolean(list.isFrozen());
        write(out, list.element());
      }
      case SetType set -> {
        out.writeByte(SET);
        out.writeBoolean(set.isFrozen());
        write(out, set.element());
      }
      case MapType map -> {
        out.writeByte(MAP);
        out.writeBoolean(map.isFrozen());
        write(out, map.key());
        write(out, map.value());
      }
      case TupleType tuple -> {
        out.writeByte(TUPLE);
        out.writeInt(tuple.fieldTypes().size());
        for (CqlType field : tuple.fieldTypes()) {
          write(out, field);
        }
      }
      case UserType user -> {
        out.writeByte(USER);
        out.writeBoolean(user.isFrozen());
        out.writeUTF(user.keyspace());
        out.writeUTF(user.name());
        out.writeInt(user.fieldNames().size());
        for (int i = 0; i < user.fieldNames().size(); i++) {
          out.writeUTF(user.fieldNames().get(i));
          write(out, user.fieldTypes().get(i));
        }
      }
      case VectorType vector -> {
        out.writeByte(VECTOR);
        write(out, vector.element());
        out.writeInt(vector.dimension());
      }
    }
  }

  static CqlType read(DataInputStream in) throws IOException {
    int code = in.readByte();
    return switch (code) {
      case SCALAR -> Scalar.valueOf(in.readUTF().toUpperCase(Locale.ROOT));
      case LIST -> {
        boolean frozen = in.readBoolean();
        yield new ListType(read(in), frozen);
      }
      case SET -> {
        boolean frozen = in.readBoolean();
        yield new SetType(read(in), frozen);
      }
      case MAP -> {
        boolean frozen = in.readBoolean();
        yield new MapType(read(in), read(in), frozen);
      }
      case TUPLE -> {
        List<CqlType> fields = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
          fields.add(read(in));
        }
        yield new TupleType(fields);
      }
      case USER -> {
        boolean frozen = in.readBoolean();
        String keyspace = in.readUTF();
        String name = in.readUTF();
        List<String> fieldNames = new ArrayList<>();
        List<CqlType> fieldTypes = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
          fieldNames.add(in.readUTF());
          fieldTypes.add(read(in));
        }
        yield new UserType(keyspace, name, fieldNames, fieldTypes, frozen);
      }
      case VECTOR -> new VectorType(read(in), in.readInt());
      default -> throw new IOException("type of unknown kind " + code);
    };
  }
}
