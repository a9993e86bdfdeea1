package io.quorate.simulation;

import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.simulation.History.Kind;
import io.quorate.simulation.History.Operation;
import io.quorate.simulation.History.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;

/**
 * One run: three nodes, clients that write and read registers at one level, faults, then healing.
 * The verdict: no acknowledged write is lost, no QUORUM read is stale, replicas converge.
 */
public final class ClusterSimulation {
  private static final int NODES = 3;
  private static final int CLIENTS = 4;
  private static final int REGISTERS_PER_CLIENT = 3;
  private static final long WORK_NANOS = TimeUnit.SECONDS.toNanos(12);
  private static final long CONVERGE_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(120);

  private final SimulatedWorld world;
  private final Options options;
  private final History history = new History();
  private final SimulatedCluster cluster;
  private final Registers registers;
  private boolean working = true;

  /**
   * What is varied.
   *
   * @param lyingDisk a negative control: disks say that they have synced the commit log and have
   *     not
   */
  public record Options(ConsistencyLevel writes, ConsistencyLevel reads, boolean lyingDisk) {
    public static final Options QUORUM =
        new Options(ConsistencyLevel.QUORUM, ConsistencyLevel.QUORUM, false);
  }

  /**
   * What became of a run.
   *
   * @param violations what must not be, in words; none when all is well
   * @param traceHash equal for two runs of one seed
   */
  public record Verdict(
      long seed,
      List<String> violations,
      long traceHash,
      long acknowledgedWrites,
      long unknownWrites,
      long reads,
      long crashes,
      long cuts,
      long convergedAfterMillis) {}

  private ClusterSimulation(long seed, Options options) {
    this.world = new SimulatedWorld(seed);
    this.options = options;
    this.cluster = new SimulatedCluster(world, NODES);
    this.registers = new Registers(cluster, history);
  }

  /** Runs one seed. */
  public static Verdict run(long seed, Options options) {
    return new ClusterSimulation(seed, options).run();
  }

  private Verdict run() {
    cluster.startAll();
    registers.create(NODES);
    if (options.lyingDisk) {
      cluster.hosts().forEach(host -> host.disk().lieAboutSyncs("commitlog"));
    }
    world.links().unreliable(0.01, 0.01, 0.02);
    Faults faults = new Faults(cluster, 1_500, host -> true, new Story(world));
    faults.begin();
    for (int client = 0; client < CLIENTS; client++) {
      new Client(client).work();
    }
    world.runFor(WORK_NANOS);
    working = false;
    faults.end();
    if (options.lyingDisk) {
      crashAll();
    }
    world.runFor(TimeUnit.SECONDS.toNanos(8));
    List<String> violations = new ArrayList<>();
    boolean back =
        world.runUntil(
            () -> cluster.hosts().stream().allMatch(cluster::serves), TimeUnit.SECONDS.toNanos(60));
    long convergedAfter = -1;
    if (!back) {
      violations.add("a node did not come back after the faults ended");
    } else {
      checkAcknowledged(violations);
      convergedAfter = converge(violations);
    }
    for (Operation stale : history.staleReads(options.writes, options.reads)) {
      violations.add("stale read: " + stale);
    }
    return new Verdict(
        world.seed(),
        violations,
        world.traceHash(),
        history.count(Kind.WRITE, null, Outcome.OK),
        history.count(Kind.WRITE, null, Outcome.UNKNOWN),
        history.count(Kind.READ, null, Outcome.OK),
        faults.crashes(),
        faults.cuts(),
        convergedAfter);
  }

  private void crashAll() {
    for (SimulatedHost host : cluster.hosts()) {
      host.crash();
    }
    for (SimulatedHost host : cluster.hosts()) {
      cluster.start(host);
    }
  }

  /** After healing, a read of all replicas sees every acknowledged write. */
  private void checkAcknowledged(List<String> violations) {
    SortedMap<Integer, Long> acknowledged = history.acknowledged();
    acknowledged.forEach((register, value) -> {
      long found = readAtAll(register);
      if (found < value) {
        violations.add(
            "acknowledged write lost: register "
                + register
                + " was written "
                + value
                + ", all replicas together have "
                + found);
      }
    });
  }

  private long readAtAll(int register) {
    long[] found = {-1};
    for (int attempt = 0; attempt < 20 && found[0] < 0; attempt++) {
      boolean[] ended = new boolean[1];
      registers.read(
          -1,
          cluster.hosts().get(attempt % NODES),
          register,
          ConsistencyLevel.ALL,
          operation -> {
            ended[0] = true;
            if (operation.outcome() == Outcome.OK) {
              found[0] = operation.value();
            }
          });
      world.runUntil(() -> ended[0], TimeUnit.SECONDS.toNanos(10));
      if (found[0] < 0) {
        world.runFor(TimeUnit.SECONDS.toNanos(1));
      }
    }
    return found[0];
  }

  /** Reads each register at ONE at each node until all agree. */
  private long converge(List<String> violations) {
    long begin = world.nowNanos();
    for (int register = 0; register < CLIENTS * REGISTERS_PER_CLIENT; register++) {
      while (!agree(register)) {
        if (world.nowNanos() - begin > CONVERGE_LIMIT_NANOS) {
          violations.add("replicas of register " + register + " did not converge");
          return -1;
        }
        world.runFor(TimeUnit.SECONDS.toNanos(1));
      }
    }
    return TimeUnit.NANOSECONDS.toMillis(world.nowNanos() - begin);
  }

  private boolean agree(int register) {
    List<Long> seen = new ArrayList<>();
    for (SimulatedHost host : cluster.hosts()) {
      boolean[] ended = new boolean[1];
      registers.read(
          -1,
          host,
          register,
          ConsistencyLevel.ONE,
          operation -> {
            ended[0] = true;
            if (operation.outcome() == Outcome.OK) {
              seen.add(operation.value());
            }
          });
      world.runUntil(() -> ended[0], TimeUnit.SECONDS.toNanos(10));
    }
    return seen.size() == NODES && seen.stream().distinct().count() == 1;
  }

  /** Writes its own registers, reads everybody's, at a node drawn anew each time. */
  private final class Client {
    private final int number;
    private final long[] written = new long[REGISTERS_PER_CLIENT];

    Client(int number) {
      this.number = number;
    }

    void work() {
      if (!working) {
        return;
      }
      SimulatedHost host = cluster.hosts().get(world.random().nextInt(NODES));
      if (world.random().nextInt(2) == 0) {
        int own = world.random().nextInt(REGISTERS_PER_CLIENT);
        registers.write(
            number,
            host,
            number * REGISTERS_PER_CLIENT + own,
            ++written[own],
            options.writes,
            operation -> pause());
      } else {
        int any = world.random().nextInt(CLIENTS * REGISTERS_PER_CLIENT);
        registers.read(number, host, any, options.reads, operation -> pause());
      }
    }

    private void pause() {
      world.after(world.random().nextInt(20_000_000), this::work);
    }
  }
}
