package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.simulation.History.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Rows that were truncated, and acknowledged as such, must not be there again an hour later. */
class TruncateTest {
  private static final int SEEDS = 6;

  /** More than a write's timeout, and than hints wait when a delivery has failed. */
  private static final long SETTLE_NANOS = TimeUnit.SECONDS.toNanos(60);

  @Test
  void hintsOfBeforeBringNothingBackAndThoseOfAfterArrive() {
    for (long seed = 1; seed <= SEEDS; seed++) {
      OwnershipRun run = new OwnershipRun(seed, 3);
      List<SimulatedHost> followers = new ArrayList<>(run.cluster.hosts());
      followers.remove(run.leader());
      SimulatedHost coordinator = followers.get(0);
      SimulatedHost cut = followers.get(1);
      run.world.links().cutOneWay(coordinator.name(), cut.name());
      int before = write(run, coordinator, 20);
      run.world.runFor(TimeUnit.SECONDS.toNanos(5));
      assertThat(hints(run, coordinator)).as("seed %d: some are kept", seed).isPositive();

      truncate(run);
      int after = write(run, coordinator, 20);
      run.world.runFor(TimeUnit.SECONDS.toNanos(5));
      run.world.links().heal();
      run.world.runFor(SETTLE_NANOS);
      assertThat(hints(run, coordinator)).as("seed %d: all are dealt with", seed).isZero();
      for (int register = 0; register < before; register++) {
        assertThat(read(run, cut, register)).as("seed %d: truncated", seed).isZero();
      }
      for (int register = before; register < before + after; register++) {
        assertThat(read(run, cut, register)).as("seed %d: written since", seed).isEqualTo(1);
      }
    }
  }

  /** Each node reads of it again in the metadata log, and must not take it for a new one. */
  @Test
  void whatIsWrittenSinceStaysWhenAllNodesLoseTheirPower() {
    for (long seed = 1; seed <= SEEDS; seed++) {
      OwnershipRun run = new OwnershipRun(seed, 3);
      int before = write(run, run.cluster.hosts().getFirst(), 20);
      run.world.runFor(TimeUnit.SECONDS.toNanos(2));
      truncate(run);
      int after = write(run, run.cluster.hosts().getFirst(), 20);
      run.world.runFor(TimeUnit.MILLISECONDS.toNanos(200 + run.world.random().nextInt(2_000)));
      run.cluster.hosts().forEach(SimulatedHost::crash);
      run.cluster.hosts().forEach(run.cluster::start);
      run.world.runFor(SETTLE_NANOS);
      for (SimulatedHost host : run.cluster.hosts()) {
        for (int register = 0; register < before; register++) {
          assertThat(read(run, host, register)).as("seed %d: truncated", seed).isZero();
        }
        for (int register : run.acknowledged) {
          assertThat(register < before || read(run, host, register) == 1)
              .as("seed %d: register %d", seed, register)
              .isTrue();
        }
      }
      assertThat(run.acknowledged).hasSize(before + after);
    }
  }

  /** Writes new rows at QUORUM, all at once. */
  private static int write(OwnershipRun run, SimulatedHost host, int rows) {
    for (int i = 0; i < rows; i++) {
      run.writeAt(host);
    }
    return rows;
  }

  private static void truncate(OwnershipRun run) {
    List<Outcome> outcomes = new ArrayList<>();
    run.registers.truncate(run.leader(), outcomes::add);
    run.await("it is truncated", () -> !outcomes.isEmpty());
    assertThat(outcomes).containsExactly(Outcome.OK);
  }

  private static long hints(OwnershipRun run, SimulatedHost host) {
    return run.cluster.node(host).hints().targets().stream()
        .mapToLong(target -> target.hints())
        .sum();
  }

  /** What one node has itself, as far as it is asked first. */
  private static long read(OwnershipRun run, SimulatedHost host, int register) {
    long[] found = {-1};
    run.registers.read(
        0,
        host,
        register,
        ConsistencyLevel.ONE,
        operation -> found[0] = operation.outcome() == Outcome.OK ? operation.value() : -2);
    run.await("an answer", () -> found[0] != -1);
    return found[0];
  }
}
