package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, a read is answered twice, before its replicas have what they lacked, or goes on
 * with the wrong one left out.
 */
class RepairsTest {
  private final List<String> told = new ArrayList<>();
  private final Repairs<String> repairs =
      new Repairs<>((refusing, why) -> told.add(refusing + ": " + why));

  @Test
  void aReplicaThatRefusesAtOnceDoesNotEndWhatIsStillBeingSent() {
    repairs.of("first").refused("its disk is full");
    LocalAnswer<@Nullable Void> second = repairs.of("second");
    repairs.allSent();
    assertThat(told).as("the second has not answered").isEmpty();
    second.done(null);
    assertThat(told).containsExactly("first: its disk is full");
  }

  @Test
  void severalRefusalsAreToldOnce() {
    LocalAnswer<@Nullable Void> first = repairs.of("first");
    LocalAnswer<@Nullable Void> second = repairs.of("second");
    repairs.allSent();
    first.refused("it is busy");
    assertThat(told).isEmpty();
    second.refused("its disk is full");
    assertThat(told).containsExactly("second: its disk is full");
  }

  @Test
  void theAnswerComesAtOnceWhenNothingIsToBeRepaired() {
    assertThat(told).isEmpty();
    repairs.allSent();
    assertThat(told).containsExactly("null: ");
  }
}
