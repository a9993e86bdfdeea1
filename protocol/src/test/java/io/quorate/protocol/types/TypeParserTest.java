package io.quorate.protocol.types;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.UserType;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** If this breaks, drivers read wrong types from system_schema and tables come back changed. */
class TypeParserTest {
  private static final UserType ADDRESS =
      new UserType(
          "ks", "address", List.of("street", "zip"), List.of(Scalar.TEXT, Scalar.INT), false);

  private static final TypeParser.UserTypes TYPES =
      (keyspace, name) -> name.equals("address") ? ADDRESS : null;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "int | int",
        "VARCHAR | text",
        "list<int> | list<int>",
        "frozen<map<text,list<int>>> | frozen<map<text, frozen<list<int>>>>",
        "map<text, frozen<address>> | map<text, frozen<address>>",
        "tuple<int, ks.address> | frozen<tuple<int, frozen<address>>>",
        "vector<float, 3> | vector<float, 3>",
        "\"address\" | address",
        "set< frozen<tuple<inet,uuid>> > | set<frozen<tuple<inet, uuid>>>",
      })
  void textGivesTheTypeAndTheTypeItsText(String text, String canonical) {
    CqlType type = TypeParser.parse(text, TYPES);
    assertThat(type).hasToString(canonical);
    assertThat(TypeParser.parse(canonical, TYPES)).isEqualTo(type);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "list<list<int>> | Non-frozen collections are not allowed inside collections:"
            + " list<list<int>>",
        "list<address> | Non-frozen UDTs are not allowed inside collections: list<address>",
        "set<duration> | Durations are not allowed inside sets",
        "nothing | Unknown type nothing",
        "list<int | Cannot read a type at character 8 of list<int",
        "int> | Cannot read a type at character 3 of int>",
        "vector<text, 3> | vectors of text are not supported yet",
      })
  void refusesWithAReason(String text, String message) {
    assertThatThrownBy(() -> TypeParser.parse(text, TYPES))
        .isInstanceOf(InvalidTypeException.class)
        .hasMessage(message);
  }

  @Test
  void namesThatNeedQuotesAreQuoted() {
    assertThat(Identifiers.quoteIfNeeded("plain_1")).isEqualTo("plain_1");
    assertThat(Identifiers.quoteIfNeeded("Mixed")).isEqualTo("\"Mixed\"");
    assertThat(Identifiers.quoteIfNeeded("select")).isEqualTo("\"select\"");
    assertThat(Identifiers.quoteIfNeeded("a\"b")).isEqualTo("\"a\"\"b\"");
  }
}
