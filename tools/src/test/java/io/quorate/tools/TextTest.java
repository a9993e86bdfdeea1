package io.quorate.tools;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** If this breaks, columns do not line up or amounts are told wrong. */
class TextTest {
  @Test
  void numbersStandRightAndAddressesLeft() {
    assertThat(
            new TextTable("Address", "Load", "Name")
                .row("127.0.0.1", "1.50 KiB", "a")
                .row("127.0.0.12", "0 B", "longer")
                .toString())
        .isEqualTo(
            """
            Address         Load  Name
            127.0.0.1   1.50 KiB  a
            127.0.0.12       0 B  longer
            """);
  }

  @Test
  void amountsHaveThreeDigits() {
    assertThat(Amounts.bytes(0)).isEqualTo("0 B");
    assertThat(Amounts.bytes(999)).isEqualTo("999 B");
    assertThat(Amounts.bytes(1_536)).isEqualTo("1.50 KiB");
    assertThat(Amounts.bytes(117L << 20)).isEqualTo("117 MiB");
    assertThat(Amounts.bytes(1_000L << 20)).isEqualTo("0.98 GiB");
    assertThat(Amounts.bytes(Long.MAX_VALUE)).isEqualTo("8.00 EiB");
    assertThat(Amounts.duration(59)).isEqualTo("59s");
    assertThat(Amounts.duration(185)).isEqualTo("3m 05s");
    assertThat(Amounts.duration(90_000)).isEqualTo("1d 01h");
    assertThat(Amounts.percent(1 / 3.0)).isEqualTo("33.3%");
  }
}
