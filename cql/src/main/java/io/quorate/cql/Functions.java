package io.quorate.cql;

import static io.quorate.protocol.types.CqlType.Scalar.BIGINT;
import static io.quorate.protocol.types.CqlType.Scalar.BLOB;
import static io.quorate.protocol.types.CqlType.Scalar.DATE;
import static io.quorate.protocol.types.CqlType.Scalar.TEXT;
import static io.quorate.protocol.types.CqlType.Scalar.TIME;
import static io.quorate.protocol.types.CqlType.Scalar.TIMESTAMP;
import static io.quorate.protocol.types.CqlType.Scalar.TIMEUUID;

import io.quorate.protocol.types.BigEndian;
import io.quorate.protocol.types.CqlType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.InvalidValueException;
import io.quorate.protocol.types.JavaValues;
import io.quorate.protocol.types.ValueCheck;
import io.quorate.protocol.types.ValueFormat;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The functions that are not aggregates. Immutable. */
final class Functions {
  private Functions() {}

  private static final Map<String, List<Function>> BY_NAME = new TreeMap<>();

  /** A function of one argument, on objects; null gives null. */
  @FunctionalInterface
  private interface OnObject {
    Object apply(Object argument);
  }

  /** A function of no argument, on objects. */
  @FunctionalInterface
  private interface OfMoment {
    Object apply(ExecutionContext context);
  }

  static {
    ofMoment("now", TIMEUUID, context -> context.timeUuids().next());
    ofMoment("currenttimeuuid", TIMEUUID, context -> context.timeUuids().next());
    ofMoment("uuid", Scalar.UUID, context -> context.random().nextUuid());
    ofMoment("currenttimestamp", TIMESTAMP, Functions::now);
    ofMoment("currentdate", DATE, context -> now(context).atZone(ZoneOffset.UTC).toLocalDate());
    ofMoment("currenttime", TIME, context -> now(context).atZone(ZoneOffset.UTC).toLocalTime());
    add("totimestamp", TIMEUUID, TIMESTAMP, id -> Instant.ofEpochMilli(millis(id)));
    add("totimestamp", DATE, TIMESTAMP, date -> startOf((LocalDate) date));
    add("todate", TIMEUUID, DATE, id -> dateOf(Instant.ofEpochMilli(millis(id))));
    add("todate", TIMESTAMP, DATE, instant -> dateOf((Instant) instant));
    add("tounixtimestamp", TIMEUUID, BIGINT, Functions::millis);
    add("tounixtimestamp", TIMESTAMP, BIGINT, instant -> ((Instant) instant).toEpochMilli());
    add("tounixtimestamp", DATE, BIGINT, date -> startOf((LocalDate) date).toEpochMilli());
    add("dateof", TIMEUUID, TIMESTAMP, id -> Instant.ofEpochMilli(millis(id)));
    add("unixtimestampof", TIMEUUID, BIGINT, Functions::millis);
    add(
        "mintimeuuid",
        TIMESTAMP,
        TIMEUUID,
        at -> TimeUuids.lowestAt(((Instant) at).toEpochMilli()));
    add(
        "maxtimeuuid",
        TIMESTAMP,
        TIMEUUID,
        at -> TimeUuids.highestAt(((Instant) at).toEpochMilli()));
    for (Scalar type : Scalar.values()) {
      if (type != BLOB && type != Scalar.COUNTER) {
        addBlobConversions(type.toString(), type);
      }
    }
    addBlobConversions("varchar", TEXT);
  }

  private static Instant now(ExecutionContext context) {
    return Instant.ofEpochMilli(Math.floorDiv(context.clock().wallMicros(), 1_000L));
  }

  private static long millis(Object timeUuid) {
    return TimeUuids.millis((UUID) timeUuid);
  }

  private static LocalDate dateOf(Instant instant) {
    return instant.atZone(ZoneOffset.UTC).toLocalDate();
  }

  private static Instant startOf(LocalDate date) {
    return date.atTime(LocalTime.MIDNIGHT).toInstant(ZoneOffset.UTC);
  }

  private static void ofMoment(String name, Scalar result, OfMoment body) {
    add(
        new Function(
            name,
            List.of(),
            result,
            false,
            (context, arguments) -> JavaValues.encode(result, body.apply(context))));
  }

  private static void add(String name, Scalar parameter, Scalar result, OnObject body) {
    add(
        new Function(
            name,
            List.of(parameter),
            result,
            true,
            (context, arguments) -> {
              Object argument = JavaValues.decode(parameter, (byte[]) arguments[0]);
              return argument == null ? null : JavaValues.encode(result, body.apply(argument));
            }));
  }

  private static void addBlobConversions(String typeName, Scalar type) {
    add(
        new Function(
            typeName + "asblob",
            List.of(type),
            BLOB,
            true,
            (context, arguments) -> (byte[]) arguments[0]));
    add(
        new Function(
            "blobas" + typeName,
            List.of(BLOB),
            type,
            true,
            (context, arguments) -> {
              byte[] bytes = (byte[]) arguments[0];
              if (bytes != null) {
                try {
                  ValueCheck.check(type, bytes, 0, bytes.length);
                } catch (InvalidValueException e) {
                  throw RequestException.invalid(
                      "In call to function system.blobas"
                          + typeName
                          + ", value 0x"
                          + HexFormat.of().formatHex(bytes)
                          + " is not a valid binary representation for type "
                          + typeName);
                }
              }
              return bytes;
            }));
  }

  private static void add(Function function) {
    BY_NAME.computeIfAbsent(function.name(), name -> new ArrayList<>()).add(function);
  }

  /** All functions of a name; {@code to_date} is {@code todate}. */
  static List<Function> named(String name) {
    return BY_NAME.getOrDefault(name.toLowerCase(Locale.ROOT).replace("_", ""), List.of());
  }

  /** The value's JSON text. */
  static Function toJson(CqlType type) {
    return new Function(
        "tojson",
        List.of(type),
        TEXT,
        true,
        (context, arguments) ->
            JavaValues.encode(TEXT, ValueFormat.toJson(type, (byte[]) arguments[0])));
  }

  /** The token of a partition key. */
  static Function token(List<CqlType> keyTypes) {
    return new Function(
        "token",
        keyTypes,
        BIGINT,
        true,
        (context, arguments) -> {
          List<byte[]> components = new ArrayList<>();
          for (Object argument : arguments) {
            if (argument == null) {
              return null;
            }
            components.add((byte[]) argument);
          }
          byte[] key = PartitionKeys.encode(components);
          return BigEndian.ofLong(context.coordinator().token(key));
        });
  }

  /**
   * The function of this name that takes these types.
   *
   * @param types null for a type that is not known, which fits any
   */
  static @Nullable Function find(String name, List<@Nullable CqlType> types) {
    for (Function function : named(name)) {
      boolean fits = function.parameters().size() == types.size();
      for (int i = 0; fits && i < types.size(); i++) {
        CqlType type = types.get(i);
        fits = type == null || fits(function.parameters().get(i), type);
      }
      if (fits) {
        return function;
      }
    }
    return null;
  }

  /** Whether a value of a type is one of another type as it is. */
  static boolean fits(CqlType wanted, CqlType given) {
    return wanted.equals(given)
        || wanted.freeze().equals(given.freeze())
        || wanted == BLOB
        || (wanted == TEXT && given == Scalar.ASCII)
        || (wanted == Scalar.UUID && given == TIMEUUID);
  }
}
