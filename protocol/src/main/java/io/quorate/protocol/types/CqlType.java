package io.quorate.protocol.types;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A CQL type. Two types are equal when they have the same text and, for user types, the same
 * fields. {@code toString} gives the CQL text, as {@code system_schema.columns} shows it.
 *
 * <p>Frozen means that a value is one cell. Inside a frozen type everything is frozen; a tuple, a
 * vector and a scalar always are.
 */
public sealed interface CqlType {

  /** Returned by {@link #fixedLengthBytes} for types whose values differ in length. */
  int VARIABLE_LENGTH = -1;

  /** What a type is, for switches that must cover every case. */
  enum Kind {
    SCALAR,
    LIST,
    SET,
    MAP,
    TUPLE,
    USER,
    VECTOR
  }

  Kind kind();

  /** Whether a value is written as one cell. */
  boolean isFrozen();

  /** This type with itself and all that it is made of frozen. */
  CqlType freeze();

  /** The length of each non-empty value in bytes, or {@link #VARIABLE_LENGTH}. */
  default int fixedLengthBytes() {
    return VARIABLE_LENGTH;
  }

  /** Whether a column of this type holds many cells. */
  default boolean isMultiCell() {
    return !isFrozen();
  }

  default boolean isCollection() {
    return this instanceof ListType || this instanceof SetType || this instanceof MapType;
  }

  /** Whether this is, or holds anywhere, a type that {@code other} equals. */
  default boolean mentions(CqlType other) {
    return equals(other);
  }

  /** The scalars. */
  enum Scalar implements CqlType {
    ASCII(VARIABLE_LENGTH),
    BIGINT(8),
    BLOB(VARIABLE_LENGTH),
    BOOLEAN(1),
    COUNTER(8),
    DATE(4),
    DECIMAL(VARIABLE_LENGTH),
    DOUBLE(8),
    DURATION(VARIABLE_LENGTH),
    FLOAT(4),
    INET(VARIABLE_LENGTH),
    INT(4),
    SMALLINT(2),
    TEXT(VARIABLE_LENGTH),
    TIME(8),
    TIMESTAMP(8),
    TIMEUUID(16),
    TINYINT(1),
    UUID(16),
    VARINT(VARIABLE_LENGTH);

    private static final Set<Scalar> WITHOUT_EMPTY = Set.of(DATE, SMALLINT, TIME, TINYINT);

    private final int fixedLengthBytes;
    private final String text = name().toLowerCase(Locale.ROOT);

    Scalar(int fixedLengthBytes) {
      this.fixedLengthBytes = fixedLengthBytes;
    }

    @Override
    public Kind kind() {
      return Kind.SCALAR;
    }

    @Override
    public boolean isFrozen() {
      return true;
    }

    @Override
    public CqlType freeze() {
      return this;
    }

    @Override
    public int fixedLengthBytes() {
      return fixedLengthBytes;
    }

    /** Whether the empty string of bytes is a value, beside null. */
    public boolean allowsEmpty() {
      return !WITHOUT_EMPTY.contains(this);
    }

    /** Whether the empty string of bytes is an ordinary value, not the relic of an old format. */
    public boolean isEmptyMeaningful() {
      return this == TEXT || this == ASCII || this == BLOB;
    }

    public boolean isText() {
      return this == TEXT || this == ASCII;
    }

    public boolean isInteger() {
      return switch (this) {
        case TINYINT, SMALLINT, INT, BIGINT, COUNTER, VARINT -> true;
        default -> false;
      };
    }

    public boolean isNumeric() {
      return isInteger() || this == FLOAT || this == DOUBLE || this == DECIMAL;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** Elements in the order in which they were put; a cell each, under a timeuuid. */
  record ListType(CqlType element, boolean isFrozen) implements CqlType {
    @Override
    public Kind kind() {
      return Kind.LIST;
    }

    @Override
    public ListType freeze() {
      return new ListType(element.freeze(), true);
    }

    @Override
    public boolean mentions(CqlType other) {
      return equals(other) || element.mentions(other);
    }

    @Override
    public String toString() {
      return frozenText(isFrozen, "list<" + element + ">");
    }
  }

  /** Distinct elements in their type's order; a cell each, under the element. */
  record SetType(CqlType element, boolean isFrozen) implements CqlType {
    @Override
    public Kind kind() {
      return Kind.SET;
    }

    @Override
    public SetType freeze() {
      return new SetType(element.freeze(), true);
    }

    @Override
    public boolean mentions(CqlType other) {
      return equals(other) || element.mentions(other);
    }

    @Override
    public String toString() {
      return frozenText(isFrozen, "set<" + element + ">");
    }
  }

  /** Values under distinct keys in the key type's order; a cell each, under the key. */
  record MapType(CqlType key, CqlType value, boolean isFrozen) implements CqlType {
    @Override
    public Kind kind() {
      return Kind.MAP;
    }

    @Override
    public MapType freeze() {
      return new MapType(key.freeze(), value.freeze(), true);
    }

    @Override
    public boolean mentions(CqlType other) {
      return equals(other) || key.mentions(other) || value.mentions(other);
    }

    @Override
    public String toString() {
      return frozenText(isFrozen, "map<" + key + ", " + value + ">");
    }
  }

  /** A fixed row of values; any of them may be null. */
  record TupleType(List<CqlType> fieldTypes) implements CqlType {
    public TupleType {
      fieldTypes = fieldTypes.stream().map(CqlType::freeze).toList();
    }

    @Override
    public Kind kind() {
      return Kind.TUPLE;
    }

    @Override
    public boolean isFrozen() {
      return true;
    }

    @Override
    public TupleType freeze() {
      return this;
    }

    @Override
    public boolean mentions(CqlType other) {
      return equals(other) || fieldTypes.stream().anyMatch(field -> field.mentions(other));
    }

    @Override
    public String toString() {
      return fieldTypes.stream()
          .map(CqlType::toString)
          .collect(Collectors.joining(", ", "frozen<tuple<", ">>"));
    }
  }

  /** A named row of named fields, made by {@code CREATE TYPE}. */
  record UserType(
      String keyspace,
      String name,
      List<String> fieldNames,
      List<CqlType> fieldTypes,
      boolean isFrozen)
      implements CqlType {
    public UserType {
      Objects.requireNonNull(keyspace);
      fieldNames = List.copyOf(fieldNames);
      fieldTypes = List.copyOf(fieldTypes);
      if (fieldNames.size() != fieldTypes.size()) {
        throw new IllegalArgumentException("fields of " + name + " without a type");
      }
    }

    @Override
    public Kind kind() {
      return Kind.USER;
    }

    @Override
    public UserType freeze() {
      return new UserType(
          keyspace, name, fieldNames, fieldTypes.stream().map(CqlType::freeze).toList(), true);
    }

    /** Position of the field, or -1. */
    public int fieldIndex(String fieldName) {
      return fieldNames.indexOf(fieldName);
    }

    @Override
    public boolean mentions(CqlType other) {
      return isSameUserType(other) || fieldTypes.stream().anyMatch(field -> field.mentions(other));
    }

    private boolean isSameUserType(CqlType other) {
      return other instanceof UserType user
          && user.keyspace.equals(keyspace)
          && user.name.equals(name);
    }

    @Override
    public String toString() {
      return frozenText(isFrozen, Identifiers.quoteIfNeeded(name));
    }
  }

  /** A fixed number of non-null elements, each of a fixed length, without prefixes. */
  record VectorType(CqlType element, int dimension) implements CqlType {
    /** Element types of Cassandra's whose values stand in a vector without a length. */
    private static final Set<CqlType> ELEMENTS =
        Set.of(
            Scalar.BIGINT,
            Scalar.BOOLEAN,
            Scalar.DOUBLE,
            Scalar.FLOAT,
            Scalar.INT,
            Scalar.TIMESTAMP,
            Scalar.TIMEUUID,
            Scalar.UUID);

    private static final int MAX_DIMENSION = 8_192;

    public VectorType {
      if (!ELEMENTS.contains(element)) {
        throw new InvalidTypeException("vectors of " + element + " are not supported yet");
      }
      if (dimension < 1 || dimension > MAX_DIMENSION) {
        throw new InvalidTypeException(
            "vectors may only have between 1 and "
                + MAX_DIMENSION
                + " dimensions, not "
                + dimension);
      }
    }

    @Override
    public Kind kind() {
      return Kind.VECTOR;
    }

    @Override
    public boolean isFrozen() {
      return true;
    }

    @Override
    public VectorType freeze() {
      return this;
    }

    @Override
    public int fixedLengthBytes() {
      return element.fixedLengthBytes() * dimension;
    }

    @Override
    public String toString() {
      return "vector<" + element + ", " + dimension + ">";
    }
  }

  private static String frozenText(boolean frozen, String text) {
    return frozen ? "frozen<" + text + ">" : text;
  }
}
