package io.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.FileSystem.Operation;
import io.quorate.environment.simulated.SimulatedFileSystem;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.simulation.History.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One bad disk of three: a client at QUORUM must not notice it, whichever node it talks to. */
class BadDiskTest {
  private static final int ROWS = 60;
  private static final long SETTLE_NANOS = TimeUnit.SECONDS.toNanos(20);

  private final SimulatedWorld world = new SimulatedWorld(7);
  private final SimulatedCluster cluster = new SimulatedCluster(world, 3);
  private final Registers registers = new Registers(cluster, new History());
  private final SimulatedHost victim = cluster.hosts().get(2);

  enum Fault {
    FULL,
    READ_ONLY,
    LOG_NOT_WRITTEN,
    LOG_NOT_SYNCED,
    NOTHING_READ
  }

  private static void harm(SimulatedFileSystem disk, Fault fault) {
    switch (fault) {
      case FULL -> disk.capacity(1);
      case READ_ONLY -> disk.readOnly(true);
      case LOG_NOT_WRITTEN -> disk.fail(Operation.WRITE, "commitlog");
      case LOG_NOT_SYNCED -> disk.fail(Operation.SYNC, "commitlog");
      case NOTHING_READ -> disk.fail(Operation.READ, "/data");
    }
  }

  @ParameterizedTest
  @EnumSource
  void oneBadDiskOfThreeIsNotNoticedAtQuorum(Fault fault) {
    cluster.startAll();
    registers.create(3);
    assertThat(write(0)).containsOnly(Outcome.OK);
    harm(victim.disk(), fault);
    for (int round = 1; round <= 2; round++) {
      assertThat(write(round * ROWS)).containsOnly(Outcome.OK);
      world.runFor(TimeUnit.SECONDS.toNanos(1));
      for (SimulatedHost coordinator : cluster.hosts()) {
        assertThat(read(coordinator, (round + 1) * ROWS, ConsistencyLevel.QUORUM, true)).isEmpty();
      }
    }
    victim.disk().heal();
    victim.disk().capacity(Long.MAX_VALUE);
    victim.disk().readOnly(false);
    if (fault != Fault.FULL && fault != Fault.LOG_NOT_WRITTEN) {
      victim.kill();
      cluster.start(victim);
    }
    world.runFor(SETTLE_NANOS);
    // What the victim coordinated itself nobody else keeps a hint of for it.
    assertThat(read(victim, 3 * ROWS, ConsistencyLevel.ONE, false)).isEmpty();
    assertThat(read(victim, 3 * ROWS, ConsistencyLevel.QUORUM, true)).isEmpty();
  }

  /** Each third by way of the victim, beginning with the first. */
  private SimulatedHost coordinator(int register) {
    return cluster.hosts().get((register + 2) % 3);
  }

  private List<Outcome> write(int first) {
    List<Outcome> outcomes = new ArrayList<>();
    for (int register = first; register < first + ROWS; register++) {
      registers.write(
          0,
          coordinator(register),
          register,
          1,
          ConsistencyLevel.QUORUM,
          operation -> outcomes.add(operation.outcome()));
    }
    world.runUntil(() -> outcomes.size() == ROWS, TimeUnit.SECONDS.toNanos(30));
    assertThat(outcomes).hasSize(ROWS);
    return outcomes;
  }

  /**
   * The rows that are not read, or not as written.
   *
   * @param all whether also those that the victim coordinated
   */
  private List<Integer> read(SimulatedHost host, int count, ConsistencyLevel level, boolean all) {
    List<Integer> missing = new ArrayList<>();
    for (int register = 0; register < count; register++) {
      if (!all && coordinator(register).equals(victim)) {
        continue;
      }
      long[] found = {-1};
      registers.read(
          0,
          host,
          register,
          level,
          operation -> found[0] = operation.outcome() == Outcome.OK ? operation.value() : -2);
      world.runUntil(() -> found[0] != -1, TimeUnit.SECONDS.toNanos(10));
      if (found[0] != 1) {
        missing.add(register);
      }
    }
    return missing;
  }
}
