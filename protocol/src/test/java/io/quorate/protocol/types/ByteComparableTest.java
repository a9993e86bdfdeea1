package io.quorate.protocol.types;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.protocol.types.CqlType.Scalar;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * If this breaks, rows come back in the wrong order, or a slice misses rows that it should have.
 */
class ByteComparableTest {
  private static final int ROUNDS = 4_000;
  private static final long SEED = 20_261_120L;

  @ParameterizedTest
  @EnumSource(Scalar.class)
  void unsignedOrderOfBytesIsTheOrderOfTheType(Scalar type) {
    if (type == Scalar.DURATION) {
      return; // has no order
    }
    RandomValues values = new RandomValues(SEED);
    for (int round = 0; round < ROUNDS; round++) {
      Object left = values.next(type);
      Object right = values.next(type);
      int byBytes =
          Arrays.compareUnsigned(
              ByteComparable.encode(type, JavaValues.encode(type, left)),
              ByteComparable.encode(type, JavaValues.encode(type, right)));
      assertThat(Integer.signum(byBytes))
          .as("%s: %s against %s, round %d of seed %d", type, left, right, round, SEED)
          .isEqualTo(Integer.signum(reference(type, left, right)));
    }
  }

  /** The order as Cassandra documents it, on objects. */
  private static int reference(Scalar type, Object left, Object right) {
    return switch (type) {
      case TEXT, ASCII ->
          Arrays.compareUnsigned(
              ((String) left).getBytes(StandardCharsets.UTF_8),
              ((String) right).getBytes(StandardCharsets.UTF_8));
      case BLOB ->
          Arrays.compareUnsigned(((ByteBuffer) left).array(), ((ByteBuffer) right).array());
      case INET ->
          Arrays.compareUnsigned(
              ((java.net.InetAddress) left).getAddress(),
              ((java.net.InetAddress) right).getAddress());
      case UUID -> uuids((UUID) left, (UUID) right);
      case TIMEUUID -> timeuuids((UUID) left, (UUID) right);
      case DATE -> ((LocalDate) left).compareTo((LocalDate) right);
      default -> {
        @SuppressWarnings({"unchecked", "rawtypes"}) // both are of the type's one Java class
        int order = ((Comparable) left).compareTo(right);
        yield order;
      }
    };
  }

  private static int uuids(UUID left, UUID right) {
    if (left.version() != right.version()) {
      return Integer.compare(left.version(), right.version());
    }
    int high =
        left.version() == 1
            ? Long.compare(timestamp(left), timestamp(right))
            : Long.compareUnsigned(left.getMostSignificantBits(), right.getMostSignificantBits());
    return high != 0
        ? high
        : Long.compareUnsigned(left.getLeastSignificantBits(), right.getLeastSignificantBits());
  }

  private static int timeuuids(UUID left, UUID right) {
    int time = Long.compare(timestamp(left), timestamp(right));
    return time != 0
        ? time
        : Arrays.compare(
            BigEndian.ofLong(left.getLeastSignificantBits()),
            BigEndian.ofLong(right.getLeastSignificantBits()));
  }

  private static long timestamp(UUID uuid) {
    long high = uuid.getMostSignificantBits();
    return (high & 0xFFF) << 48 | (high >>> 16 & 0xFFFF) << 32 | high >>> 32;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "int",
        "text",
        "blob",
        "inet",
        "uuid",
        "timeuuid",
        "varint",
        "boolean",
        "date",
        "time",
        "timestamp",
        "bigint",
        "smallint",
        "tinyint",
        "duration",
        "ascii",
        "decimal",
        "float",
        "double",
        "frozen<list<text>>",
        "frozen<set<int>>",
        "frozen<map<text, frozen<list<int>>>>",
        "tuple<int, text, blob>",
        "frozen<list<tuple<varint, text>>>",
        "vector<float, 3>"
      })
  void decodingGivesTheValueBackAndConsumesExactlyTheForm(String typeText) {
    CqlType type = TypeParser.parse(typeText, TypeParser.UserTypes.NONE);
    RandomValues values = new RandomValues(SEED);
    for (int round = 0; round < ROUNDS / 4; round++) {
      Object value = values.next(type);
      byte[] form = ByteComparable.encode(type, JavaValues.encode(type, value));
      ByteSink out = new ByteSink();
      byte[] followed = Arrays.copyOf(form, form.length + 3);
      assertThat(ByteComparable.decode(type, followed, 0, out)).isEqualTo(form.length);
      Object back = JavaValues.decode(type, out.toByteArray());
      if (type == Scalar.DECIMAL) {
        assertThat((BigDecimal) back)
            .as("round %d of seed %d", round, SEED)
            .isEqualByComparingTo((BigDecimal) value);
      } else {
        assertThat(back).as("round %d of seed %d", round, SEED).isEqualTo(value);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"text", "varint", "decimal", "uuid", "frozen<list<text>>"})
  void aFormCutShortIsRefused(String typeText) {
    CqlType type = TypeParser.parse(typeText, TypeParser.UserTypes.NONE);
    RandomValues values = new RandomValues(SEED);
    for (int round = 0; round < 200; round++) {
      byte[] form = ByteComparable.encode(type, JavaValues.encode(type, values.next(type)));
      byte[] cut = Arrays.copyOf(form, new Random(round).nextInt(form.length));
      assertThatThrownBy(() -> ByteComparable.decode(type, cut, 0, new ByteSink()))
          .isInstanceOf(InvalidValueException.class);
    }
  }

  @Test
  void compositeRowKeysSortComponentByComponentInTheirDirections() {
    List<RowKey.Column> columns =
        List.of(
            new RowKey.Column(Scalar.TEXT, true),
            new RowKey.Column(Scalar.INT, false),
            new RowKey.Column(Scalar.BLOB, true));
    RandomValues values = new RandomValues(SEED);
    for (int round = 0; round < ROUNDS; round++) {
      List<Object> left = columns.stream().map(column -> values.next(column.type())).toList();
      List<Object> right = columns.stream().map(column -> values.next(column.type())).toList();
      int expected = 0;
      for (int i = 0; i < 3 && expected == 0; i++) {
        int order = reference((Scalar) columns.get(i).type(), left.get(i), right.get(i));
        expected = columns.get(i).descending() ? -order : order;
      }
      byte[] leftKey = key(columns, left);
      assertThat(Integer.signum(Arrays.compareUnsigned(leftKey, key(columns, right))))
          .as("round %d of seed %d", round, SEED)
          .isEqualTo(Integer.signum(expected));
      assertThat(RowKey.isStaticRow(leftKey, 0, leftKey.length)).isFalse();
      assertThat(decoded(columns, leftKey)).isEqualTo(left);
    }
  }

  @Test
  void aPrefixHoldsExactlyTheKeysThatBeginWithIt() {
    List<RowKey.Column> columns =
        List.of(new RowKey.Column(Scalar.BLOB, true), new RowKey.Column(Scalar.BLOB, true));
    RandomValues values = new RandomValues(SEED);
    for (int round = 0; round < ROUNDS; round++) {
      Object first = values.next(Scalar.BLOB);
      Object other = values.next(Scalar.BLOB);
      byte[] prefix = key(columns, List.of(first));
      byte[] end = Arrays.copyOf(prefix, prefix.length + 1);
      end[prefix.length] = (byte) RowKey.AFTER_PREFIX;
      byte[] key = key(columns, List.of(other, values.next(Scalar.BLOB)));
      boolean inside =
          Arrays.compareUnsigned(prefix, key) <= 0 && Arrays.compareUnsigned(key, end) < 0;
      assertThat(inside).as("round %d of seed %d", round, SEED).isEqualTo(first.equals(other));
    }
  }

  private static byte[] key(List<RowKey.Column> columns, List<?> values) {
    ByteSink out = new ByteSink();
    for (int i = 0; i < values.size(); i++) {
      byte[] value = JavaValues.encode(columns.get(i).type(), values.get(i));
      RowKey.append(columns.get(i), value, 0, value.length, out);
    }
    return out.toByteArray();
  }

  private static List<?> decoded(List<RowKey.Column> columns, byte[] key) {
    ByteSink out = new ByteSink();
    int[] ends = new int[columns.size()];
    RowKey.decode(columns, key, 0, key.length, out, ends);
    return IntStream.range(0, ends.length)
        .mapToObj(i -> {
          int start = i == 0 ? 0 : ends[i - 1];
          return JavaValues.decode(columns.get(i).type(), out.array(), start, ends[i] - start);
        })
        .toList();
  }

  @Test
  void equalDecimalsOfDifferentScaleAreOneRow() {
    assertThat(
            Stream.of("1", "1.0", "1.000", "100E-2")
                .map(text ->
                    ByteComparable.encode(Scalar.DECIMAL, Literals.parse(Scalar.DECIMAL, text)))
                .map(form -> String.format(Locale.ROOT, "%s", Arrays.toString(form)))
                .distinct())
        .hasSize(1);
  }
}
