package io.quorate.protocol.types;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.datastax.oss.driver.api.core.ProtocolVersion;
import com.datastax.oss.driver.api.core.data.CqlDuration;
import com.datastax.oss.driver.api.core.type.codec.TypeCodec;
import com.datastax.oss.driver.api.core.type.codec.TypeCodecs;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.UserType;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** If this breaks, an application reads another value than the one that was written. */
class JavaValuesTest {
  private static final long SEED = 20_261_120L;

  @ParameterizedTest
  @EnumSource(Scalar.class)
  void scalarsHaveTheBytesThatTheDriverGivesThem(Scalar type) {
    RandomValues values = new RandomValues(SEED);
    @SuppressWarnings("unchecked") // the codec of the type takes the type's Java class
    TypeCodec<Object> codec = (TypeCodec<Object>) codec(type);
    for (int round = 0; round < 1_000; round++) {
      Object value = values.next(type);
      byte[] ours = JavaValues.encode(type, value);
      ValueCheck.check(type, ours, 0, ours.length);
      ByteBuffer theirs = codec.encode(forDriver(value), ProtocolVersion.V5);
      assertThat(ByteBuffer.wrap(ours)).as("%s, round %d", value, round).isEqualTo(theirs);
      assertThat(JavaValues.decode(type, ours)).as("round %d", round).isEqualTo(value);
    }
  }

  private static Object forDriver(Object value) {
    return value instanceof io.quorate.protocol.types.CqlDuration d
        ? CqlDuration.newInstance(d.months(), d.days(), d.nanos())
        : value;
  }

  private static TypeCodec<?> codec(Scalar type) {
    return switch (type) {
      case ASCII -> TypeCodecs.ASCII;
      case BIGINT -> TypeCodecs.BIGINT;
      case BLOB -> TypeCodecs.BLOB;
      case BOOLEAN -> TypeCodecs.BOOLEAN;
      case COUNTER -> TypeCodecs.COUNTER;
      case DATE -> TypeCodecs.DATE;
      case DECIMAL -> TypeCodecs.DECIMAL;
      case DOUBLE -> TypeCodecs.DOUBLE;
      case DURATION -> TypeCodecs.DURATION;
      case FLOAT -> TypeCodecs.FLOAT;
      case INET -> TypeCodecs.INET;
      case INT -> TypeCodecs.INT;
      case SMALLINT -> TypeCodecs.SMALLINT;
      case TEXT -> TypeCodecs.TEXT;
      case TIME -> TypeCodecs.TIME;
      case TIMESTAMP -> TypeCodecs.TIMESTAMP;
      case TIMEUUID -> TypeCodecs.TIMEUUID;
      case TINYINT -> TypeCodecs.TINYINT;
      case UUID -> TypeCodecs.UUID;
      case VARINT -> TypeCodecs.VARINT;
    };
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "list<text>",
        "set<inet>",
        "map<int, frozen<list<text>>>",
        "tuple<int, text>",
        "vector<double, 2>",
        "frozen<map<timeuuid, tuple<blob, boolean>>>"
      })
  void collectionsComeBackAsTheyWere(String typeText) {
    CqlType type = TypeParser.parse(typeText, TypeParser.UserTypes.NONE);
    RandomValues values = new RandomValues(SEED);
    for (int round = 0; round < 500; round++) {
      Object value = values.next(type);
      byte[] bytes = JavaValues.encode(type, value);
      ValueCheck.check(type, bytes, 0, bytes.length);
      assertThat(JavaValues.decode(type, bytes)).as("round %d", round).isEqualTo(value);
    }
  }

  @Test
  void whatIsCutOrFlippedIsRefusedOrReadButNeverCrashes() {
    CqlType type =
        TypeParser.parse(
            "frozen<map<text, list<tuple<int, duration>>>>", TypeParser.UserTypes.NONE);
    Random random = new Random(SEED);
    RandomValues values = new RandomValues(SEED);
    for (int round = 0; round < 5_000; round++) {
      byte[] bytes = JavaValues.encode(type, values.next(type));
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      int length = random.nextBoolean() ? bytes.length : random.nextInt(bytes.length);
      try {
        ValueCheck.check(type, bytes, 0, length);
        JavaValues.decode(type, bytes, 0, length);
      } catch (InvalidValueException expected) {
        assertThat(expected).hasMessageMatching("(?s).+");
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "timestamp | 2011-02-03T04:05:06.789+0100 | '2011-02-03 03:05:06.789Z'",
        "timestamp | 2011-02-03 04:05 | '2011-02-03 04:05:00.000Z'",
        "timestamp | 2011-02-03 | '2011-02-03 00:00:00.000Z'",
        "timestamp | 1000 | '1970-01-01 00:00:01.000Z'",
        "date | 2020-02-29 | '2020-02-29'",
        "date | 2147483649 | '1970-01-02'",
        "time | 08:12:54.123 | '08:12:54.123000000'",
        "duration | 1y2mo3w4d5h6m7s8ms9us10ns | 1y2mo25d5h6m7s8ms9us10ns",
        "duration | -P1Y2M | -1y2mo",
        "inet | ::1 | '0:0:0:0:0:0:0:1'",
        "double | NaN | NaN",
        "blob | 0xCAFE | 0xcafe",
        "decimal | 1.50 | 1.50",
        "boolean | TRUE | true",
      })
  void literalsAreReadAndShown(String type, String literal, String shown) {
    Scalar scalar = (Scalar) TypeParser.parse(type, TypeParser.UserTypes.NONE);
    assertThat(ValueFormat.toCql(scalar, Literals.parse(scalar, literal))).isEqualTo(shown);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "int | 12x | Unable to make int from '12x'",
        "timestamp | yesterday | Unable to parse a date/time from 'yesterday'",
        "inet | localhost | Unable to make inet address from 'localhost'",
        "uuid | 1-2-3-4-5 | Unable to make UUID from '1-2-3-4-5'",
        "duration | 1x | Unable to convert '1x' to a duration",
      })
  void badLiteralsAreRefusedWithAReason(String type, String literal, String message) {
    Scalar scalar = (Scalar) TypeParser.parse(type, TypeParser.UserTypes.NONE);
    assertThatThrownBy(() -> Literals.parse(scalar, literal))
        .isInstanceOf(InvalidValueException.class)
        .hasMessage(message);
  }

  @Test
  void invalidUtf8IsRefused() {
    byte[][] invalid = {
      {(byte) 0xC0, (byte) 0x80},
      {(byte) 0xED, (byte) 0xA0, (byte) 0x80},
      {(byte) 0xF4, (byte) 0x90, (byte) 0x80, (byte) 0x80},
      {'a', (byte) 0xE2, (byte) 0x82},
      {-1}
    };
    for (byte[] bytes : invalid) {
      assertThatThrownBy(() -> ValueCheck.check(Scalar.TEXT, bytes, 0, bytes.length))
          .hasMessage("String didn't validate.");
    }
  }

  @Test
  void typesSurviveTheWire() {
    UserType user =
        new UserType("ks", "t", List.of("a", "b"), List.of(Scalar.INT, Scalar.TEXT), false);
    for (String text :
        List.of(
            "int", "list<text>", "map<uuid, inet>", "vector<float, 7>", "vector<timeuuid, 2>")) {
      CqlType type = TypeParser.parse(text, TypeParser.UserTypes.NONE);
      assertThat(throughWire(type)).isEqualTo(type);
    }
    assertThat(throughWire(user)).isEqualTo(user);
    for (Scalar scalar : Scalar.values()) {
      assertThat(throughWire(scalar)).isEqualTo(scalar);
    }
  }

  private static CqlType throughWire(CqlType type) {
    ByteSink out = new ByteSink();
    TypeCode.encode(type, out);
    TypeCode.Reader reader = new TypeCode.Reader(out.array(), 0, out.length());
    CqlType back = reader.read();
    assertThat(reader.position()).isEqualTo(out.length());
    return back;
  }
}
