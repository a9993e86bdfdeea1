package io.quorate.environment.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.simulated.EventQueue.Event;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Events out of their order would make time go back. */
class EventQueueTest {

  @Test
  void eventsComeByTimeAndThenAsTheyWerePlanned() {
    Random random = new Random(1);
    EventQueue queue = new EventQueue();
    List<Integer> labels = new ArrayList<>();
    List<Integer> expected = new ArrayList<>();
    long[] times = new long[5_000];
    for (int label = 0; label < times.length; label++) {
      times[label] = random.nextInt(1_000);
      expected.add(label);
      queue.add(times[label], label, () -> {});
    }
    expected.sort(Comparator.comparingLong(label -> times[label]));
    for (Event next = queue.poll(); next != null; next = queue.poll()) {
      labels.add(next.label);
      assertThat(queue.nextNanos()).isGreaterThanOrEqualTo(next.atNanos);
    }
    assertThat(labels).isEqualTo(expected);
    assertThat(queue.nextNanos()).isEqualTo(Long.MAX_VALUE);
  }
}
