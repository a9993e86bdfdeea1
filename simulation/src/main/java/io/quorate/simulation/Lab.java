package io.quorate.simulation;

import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.simulation.History.Kind;
import io.quorate.simulation.History.Operation;
import io.quorate.simulation.History.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The contrast of the two rings, on simulated time: clients write and read registers at ONE, QUORUM
 * and ALL, and change the schema, while a cluster of three is cut two to one and healed. Each level
 * has clients on both sides of the cut and registers of its own.
 */
public final class Lab {
  static final long CALM_NANOS = TimeUnit.SECONDS.toNanos(5);
  static final long CUT_NANOS = TimeUnit.SECONDS.toNanos(15);
  static final long HEALED_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final List<ConsistencyLevel> LEVELS =
      List.of(ConsistencyLevel.ONE, ConsistencyLevel.QUORUM, ConsistencyLevel.ALL);
  private static final int CLIENTS_PER_LEVEL = 5;
  private static final int MINORITY_CLIENTS = 2;
  private static final int REGISTERS_PER_CLIENT = 2;
  private static final long CONVERGE_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(120);

  private final SimulatedWorld world;
  private final boolean breakQuorum;
  private final SimulatedCluster cluster;
  private final List<Group> groups = new ArrayList<>();
  private final List<MetadataAttempt> metadataAttempts = new ArrayList<>();
  private boolean working = true;
  private int keyspaces;
  private long beginNanos;

  /** One attempt to change the metadata. */
  record MetadataAttempt(boolean inMinority, long beginNanos, long endNanos, Outcome outcome) {}

  /** The clients of one level and what they work on. */
  private record Group(
      ConsistencyLevel level, History history, Registers registers, int firstRegister) {}

  private Lab(long seed, boolean breakQuorum) {
    this.world = new SimulatedWorld(seed);
    this.breakQuorum = breakQuorum;
    this.cluster = new SimulatedCluster(world, 3);
  }

  /**
   * Runs the scenario.
   *
   * @param breakQuorum a negative control: what is shown as QUORUM is done at ONE; the report must
   *     then say that a promise is broken
   */
  public static LabReport run(long seed, boolean breakQuorum) {
    return new Lab(seed, breakQuorum).run();
  }

  private LabReport run() {
    cluster.startAll();
    for (ConsistencyLevel level : LEVELS) {
      History history = new History();
      int firstRegister = groups.size() * CLIENTS_PER_LEVEL * REGISTERS_PER_CLIENT;
      groups.add(new Group(level, history, new Registers(cluster, history), firstRegister));
    }
    groups.getFirst().registers.create(3);
    for (Group group : groups) {
      for (int i = 0; i < CLIENTS_PER_LEVEL; i++) {
        new Client(group, i).work();
      }
    }
    changeMetadata(false);
    changeMetadata(true);
    beginNanos = world.nowNanos();
    world.runFor(CALM_NANOS);
    world.links().partition(List.of("10.0.0.1", "10.0.0.2"), List.of("10.0.0.3"));
    world.runFor(CUT_NANOS);
    world.links().heal();
    List<Convergence> convergences = groups.stream().map(Convergence::new).toList();
    world.runFor(HEALED_NANOS);
    working = false;
    world.runFor(TimeUnit.SECONDS.toNanos(4));
    world.runUntil(() -> convergences.stream().allMatch(Convergence::isOver), CONVERGE_LIMIT_NANOS);
    List<LabReport.Level> levels = convergences.stream().map(this::report).toList();
    return LabReport.of(world.seed(), levels, metadata(), world.traceHash());
  }

  private SimulatedHost host(boolean inMinority) {
    return inMinority ? cluster.hosts().get(2) : cluster.hosts().get(world.random().nextInt(2));
  }

  private ConsistencyLevel real(ConsistencyLevel level) {
    return breakQuorum && level == ConsistencyLevel.QUORUM ? ConsistencyLevel.ONE : level;
  }

  private void changeMetadata(boolean inMinority) {
    if (!working) {
      return;
    }
    long begin = world.nowNanos();
    KeyspaceMetadata keyspace =
        new KeyspaceMetadata("lab" + keyspaces++, new Replication.Simple(1), true);
    groups
        .getFirst()
        .registers
        .attempt(
            host(inMinority),
            new MetadataChange.CreateKeyspace(keyspace, true),
            outcome -> {
              metadataAttempts.add(
                  new MetadataAttempt(inMinority, begin, world.nowNanos(), outcome));
              world.after(TimeUnit.MILLISECONDS.toNanos(200), () -> changeMetadata(inMinority));
            });
  }

  private boolean duringCut(long nanos) {
    long cut = beginNanos + CALM_NANOS;
    return nanos >= cut && nanos < cut + CUT_NANOS;
  }

  private LabReport.Level report(Convergence convergence) {
    Group group = convergence.group;
    History history = group.history;
    ConsistencyLevel real = real(group.level);
    long lost = 0;
    for (var entry : history.acknowledged().entrySet()) {
      if (readAtAll(group, entry.getKey()) < entry.getValue()) {
        lost++;
      }
    }
    return new LabReport.Level(
        group.level.name(),
        side(history.operations(), false),
        side(history.operations(), true),
        history.count(Kind.READ, null, Outcome.OK),
        history.staleReads(real, real).size(),
        history.count(Kind.WRITE, null, Outcome.OK),
        lost,
        convergence.afterMillis);
  }

  private LabReport.Side side(List<Operation> operations, boolean inMinority) {
    int[][] bySecond = new int[seconds()][3];
    long ok = 0;
    long refused = 0;
    long unknown = 0;
    for (Operation operation : operations) {
      boolean minorityNode = operation.node().equals("10.0.0.3");
      if (operation.client() < 0 || minorityNode != inMinority) {
        continue;
      }
      note(bySecond, operation.beginNanos(), operation.outcome());
      if (duringCut(operation.beginNanos())) {
        switch (operation.outcome()) {
          case OK -> ok++;
          case REFUSED -> refused++;
          case UNKNOWN -> unknown++;
        }
      }
    }
    return new LabReport.Side(ok, refused, unknown, picture(bySecond));
  }

  private static int seconds() {
    return (int) TimeUnit.NANOSECONDS.toSeconds(CALM_NANOS + CUT_NANOS + HEALED_NANOS);
  }

  private void note(int[][] bySecond, long nanos, Outcome outcome) {
    int second = (int) TimeUnit.NANOSECONDS.toSeconds(nanos - beginNanos);
    if (nanos >= beginNanos && second < bySecond.length) {
      bySecond[second][
          switch (outcome) {
            case OK -> 0;
            case REFUSED -> 1;
            case UNKNOWN -> 2;
          }]++;
    }
  }

  /**
   * A letter a second: {@code #} all served, {@code +} some, {@code -} refused, {@code ?} unknown.
   */
  private static String picture(int[][] bySecond) {
    StringBuilder picture = new StringBuilder();
    for (int[] counts : bySecond) {
      int bad = counts[1] + counts[2];
      if (counts[0] > 0) {
        picture.append(bad == 0 ? '#' : '+');
      } else if (bad > 0) {
        picture.append(counts[1] >= counts[2] ? '-' : '?');
      } else {
        picture.append(' ');
      }
    }
    return picture.toString();
  }

  private LabReport.Metadata metadata() {
    LabReport.Side[] sides = new LabReport.Side[2];
    long slowestRefusalNanos = 0;
    for (int side = 0; side < 2; side++) {
      boolean inMinority = side == 1;
      int[][] bySecond = new int[seconds()][3];
      long ok = 0;
      long refused = 0;
      long unknown = 0;
      for (MetadataAttempt attempt : metadataAttempts) {
        if (attempt.inMinority() != inMinority) {
          continue;
        }
        note(bySecond, attempt.beginNanos(), attempt.outcome());
        if (duringCut(attempt.beginNanos())) {
          switch (attempt.outcome()) {
            case OK -> ok++;
            case REFUSED -> {
              refused++;
              slowestRefusalNanos =
                  Math.max(slowestRefusalNanos, attempt.endNanos() - attempt.beginNanos());
            }
            case UNKNOWN -> unknown++;
          }
        }
      }
      sides[side] = new LabReport.Side(ok, refused, unknown, picture(bySecond));
    }
    return new LabReport.Metadata(
        sides[0], sides[1], TimeUnit.NANOSECONDS.toMillis(slowestRefusalNanos));
  }

  private long readAtAll(Group group, int register) {
    long found = -1;
    for (int attempt = 0; attempt < 20 && found < 0; attempt++) {
      found = read(group, cluster.hosts().getFirst(), register, ConsistencyLevel.ALL);
    }
    return found;
  }

  /** The value read; -1 when the read failed. */
  private long read(Group group, SimulatedHost at, int register, ConsistencyLevel level) {
    long[] found = {-1};
    boolean[] ended = new boolean[1];
    group.registers.read(
        -1,
        at,
        register,
        level,
        operation -> {
          ended[0] = true;
          if (operation.outcome() == Outcome.OK) {
            found[0] = operation.value();
          }
        });
    world.runUntil(() -> ended[0], TimeUnit.SECONDS.toNanos(10));
    return found[0];
  }

  /**
   * Watches how long after healing every replica has what was acknowledged until then, by reading
   * each node at ONE, which repairs nothing.
   */
  private final class Convergence {
    private final Group group;
    private final long healedNanos = world.nowNanos();
    private final List<Map.Entry<Integer, Long>> missing = new ArrayList<>();
    private long afterMillis = -1;

    Convergence(Group group) {
      this.group = group;
      missing.addAll(group.history.acknowledged().entrySet());
      look();
    }

    boolean isOver() {
      return missing.isEmpty();
    }

    private void look() {
      if (missing.isEmpty()) {
        afterMillis = TimeUnit.NANOSECONDS.toMillis(world.nowNanos() - healedNanos);
        return;
      }
      int register = missing.getFirst().getKey();
      long least = missing.getFirst().getValue();
      List<Long> found = new ArrayList<>();
      for (SimulatedHost host : cluster.hosts()) {
        group.registers.read(
            -1,
            host,
            register,
            ConsistencyLevel.ONE,
            operation -> {
              found.add(operation.outcome() == Outcome.OK ? operation.value() : -1);
              if (found.size() == cluster.hosts().size()) {
                if (found.stream().allMatch(value -> value >= least)) {
                  missing.removeFirst();
                  look();
                } else {
                  world.after(TimeUnit.MILLISECONDS.toNanos(20), this::look);
                }
              }
            });
      }
    }
  }

  /** Writes its registers and reads those of all clients of its level, always on its own side. */
  private final class Client {
    private final Group group;
    private final int number;
    private final int firstOwn;
    private final long[] written = new long[REGISTERS_PER_CLIENT];

    Client(Group group, int number) {
      this.group = group;
      this.number = number;
      this.firstOwn = group.firstRegister + number * REGISTERS_PER_CLIENT;
    }

    void work() {
      if (!working) {
        return;
      }
      SimulatedHost host = host(number >= CLIENTS_PER_LEVEL - MINORITY_CLIENTS);
      ConsistencyLevel level = real(group.level);
      if (world.random().nextInt(2) == 0) {
        int own = world.random().nextInt(REGISTERS_PER_CLIENT);
        group.registers.write(number, host, firstOwn + own, ++written[own], level, done -> pause());
      } else {
        int any = world.random().nextInt(CLIENTS_PER_LEVEL * REGISTERS_PER_CLIENT);
        group.registers.read(number, host, group.firstRegister + any, level, done -> pause());
      }
    }

    private void pause() {
      world.after(TimeUnit.MILLISECONDS.toNanos(5 + world.random().nextInt(30)), this::work);
    }
  }
}
