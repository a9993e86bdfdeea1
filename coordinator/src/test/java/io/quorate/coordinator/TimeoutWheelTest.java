package io.quorate.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Environment;
import io.quorate.environment.Randomness;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * A deadline that is not noticed leaves a client waiting for ever; one noticed early lies to it.
 */
class TimeoutWheelTest {
  private static final long TURN_NANOS = 1024 * TimeoutWheel.TICK_NANOS;

  /** Two ticks, and what a task waits for its shard. */
  private static final long LATENESS_NANOS = 2 * TimeoutWheel.TICK_NANOS + 1_000_000;

  private final SimulatedWorld world = new SimulatedWorld(1);
  private final SimulatedHost host = world.addHost("node", 1);
  private final Environment environment = host.boot();
  private final TimeoutWheel wheel =
      new TimeoutWheel(environment.clock(), environment.shards().get(0));

  private final class Deadline extends TimeoutWheel.Entry {
    private final long at;
    private final Runnable then;
    private final List<Long> firedAt = new ArrayList<>();

    Deadline(long at, Runnable then) {
      this.at = at;
      this.then = then;
    }

    Deadline(long at) {
      this(at, () -> {});
    }

    Deadline enter() {
      wheel.enter(this, at);
      return this;
    }

    @Override
    void timedOut() {
      firedAt.add(world.nowNanos());
      then.run();
    }

    void firedOnTime() {
      assertThat(firedAt).hasSize(1);
      assertThat(firedAt.getFirst()).isBetween(at, at + LATENESS_NANOS);
    }
  }

  private void run(long nanos) {
    world.runFor(nanos);
  }

  @Test
  void eachFiresOnceAtItsDeadlineOrSoonAfterNeverBefore() {
    Randomness random = world.random();
    List<Deadline> deadlines = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      long now = world.nowNanos();
      // Many in a slot, several turns of the wheel, and none at a tick's edge in particular.
      deadlines.add(new Deadline(now + random.nextInt(2_000) * 25_000_000L + i).enter());
      if (i % 100 == 0) {
        run(random.nextInt(40_000_000));
      }
    }
    run(TimeUnit.SECONDS.toNanos(60));
    deadlines.forEach(Deadline::firedOnTime);
  }

  @Test
  void whatLeftTheWheelNeverFires() {
    List<Deadline> left = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      left.add(new Deadline(TimeUnit.MILLISECONDS.toNanos(100 + i % 3)).enter());
    }
    Deadline stays = new Deadline(TimeUnit.MILLISECONDS.toNanos(101)).enter();
    run(TimeUnit.MILLISECONDS.toNanos(50));
    left.forEach(TimeoutWheel.Entry::leaveWheel);
    left.forEach(TimeoutWheel.Entry::leaveWheel);
    run(2 * TURN_NANOS);
    stays.firedOnTime();
    assertThat(left).allSatisfy(deadline -> assertThat(deadline.firedAt).isEmpty());
  }

  @Test
  void aDeadlineThatIsEnteredAgainCountsFromTheLastTime() {
    Deadline first = new Deadline(TimeUnit.MILLISECONDS.toNanos(100)).enter();
    wheel.enter(first, TimeUnit.MILLISECONDS.toNanos(500));
    run(TimeUnit.SECONDS.toNanos(1));
    assertThat(first.firedAt).hasSize(1);
    assertThat(first.firedAt.getFirst()).isGreaterThanOrEqualTo(500_000_000);
  }

  @Test
  void aDeadlineTurnsAwayIsPassedOverUntilItComes() {
    Deadline far = new Deadline(5 * TURN_NANOS + 12_345).enter();
    run(5 * TURN_NANOS);
    assertThat(far.firedAt).isEmpty();
    run(LATENESS_NANOS);
    far.firedOnTime();
  }

  @Test
  void whatIsPastAlreadyFiresSoonAlsoWhenATimeoutEntersIt() {
    List<Deadline> late = new ArrayList<>();
    Deadline outer =
        new Deadline(
            TimeUnit.MILLISECONDS.toNanos(100),
            () -> late.add(new Deadline(TimeUnit.MILLISECONDS.toNanos(1)).enter()));
    outer.enter();
    run(TimeUnit.MILLISECONDS.toNanos(200));
    outer.firedOnTime();
    assertThat(late.getFirst().firedAt).as("not a turn of the wheel later").hasSize(1);
  }

  @Test
  void aTimeoutMayRemoveAndMoveItsNeighbours() {
    long at = TimeUnit.MILLISECONDS.toNanos(100);
    long later = TimeUnit.MILLISECONDS.toNanos(700);
    Deadline removed = new Deadline(at);
    Deadline moved = new Deadline(at);
    Deadline remover =
        new Deadline(
            at,
            () -> {
              removed.leaveWheel();
              wheel.enter(moved, later);
            });
    Deadline behind = new Deadline(at);
    remover.enter();
    moved.enter();
    removed.enter();
    behind.enter();
    run(TimeUnit.SECONDS.toNanos(1));
    remover.firedOnTime();
    behind.firedOnTime();
    assertThat(removed.firedAt).isEmpty();
    assertThat(moved.firedAt).hasSize(1);
    assertThat(moved.firedAt.getFirst()).isBetween(later, later + LATENESS_NANOS);
  }

  @Test
  void aTimeoutThatEntersATimeoutGoesOnForEver() {
    int[] count = new int[1];
    Runnable[] again = new Runnable[1];
    again[0] =
        () -> {
          count[0]++;
          new Deadline(world.nowNanos() + 10_000_000, again[0]).enter();
        };
    again[0].run();
    run(TimeUnit.SECONDS.toNanos(2));
    assertThat(count[0]).isBetween(60, 130);
  }

  @Test
  void afterAPauseOfManyTurnsEverythingThatIsDueFiresAtOnce() {
    List<Deadline> due = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      due.add(new Deadline(TimeUnit.MILLISECONDS.toNanos(30 + 7L * i)).enter());
    }
    Deadline far = new Deadline(6 * TURN_NANOS).enter();
    run(TimeUnit.MILLISECONDS.toNanos(20));
    host.pause(4 * TURN_NANOS);
    run(4 * TURN_NANOS + LATENESS_NANOS);
    assertThat(due).allSatisfy(deadline -> assertThat(deadline.firedAt).hasSize(1));
    assertThat(far.firedAt).isEmpty();
    run(2 * TURN_NANOS);
    far.firedOnTime();
  }
}
