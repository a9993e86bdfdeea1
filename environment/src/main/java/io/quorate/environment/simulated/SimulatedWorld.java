package io.quorate.environment.simulated;

import io.quorate.environment.Endpoint;
import io.quorate.environment.Randomness;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Virtual time and the order of events. An event is a task of one host; between two events nothing
 * happens. The same seed and the same hosts give the same events, which {@link #traceHash} attests.
 *
 * <p>Not thread-safe: one thread drives a world.
 */
public final class SimulatedWorld {
  /** Wall time at the start of every simulation: 2026-01-01T00:00:00Z, in microseconds. */
  static final long EPOCH_MICROS = 1_767_225_600_000_000L;

  private static final long FNV_PRIME = 0x100000001b3L;

  private final long seed;
  private final SplittableRandom random;
  private final EventQueue queue = new EventQueue();
  private final Map<String, SimulatedHost> hosts = new LinkedHashMap<>();
  private final Map<Endpoint, SimulatedNetwork.Listening> listening = new LinkedHashMap<>();
  private final List<Throwable> failures = new ArrayList<>();
  private final SimulatedLinks links;

  private long nowNanos;
  private long traceHash = 0xcbf29ce484222325L;
  @Nullable SimulatedExecutor current;

  /** Whose task the current step ran. */
  @Nullable SimulatedHost acted;

  private Consumer<SimulatedHost> watcher = host -> {};

  public SimulatedWorld(long seed) {
    this.seed = seed;
    this.random = new SplittableRandom(seed);
    this.links = new SimulatedLinks(this);
  }

  public long seed() {
    return seed;
  }

  public long nowNanos() {
    return nowNanos;
  }

  public SimulatedLinks links() {
    return links;
  }

  /** The one source of randomness of this world. */
  public Randomness random() {
    return random::nextLong;
  }

  /** A new machine. Its name is its address. */
  public SimulatedHost addHost(String name, int shardCount) {
    SimulatedHost host = new SimulatedHost(this, name, shardCount);
    if (hosts.putIfAbsent(name, host) != null) {
      throw new IllegalArgumentException("there is a host " + name + " already");
    }
    return host;
  }

  public Collection<SimulatedHost> hosts() {
    return hosts.values();
  }

  @Nullable SimulatedHost host(String name) {
    return hosts.get(name);
  }

  Map<Endpoint, SimulatedNetwork.Listening> listening() {
    return listening;
  }

  /**
   * Runs {@code task} after {@code delayNanos} of virtual time, on no host: for fault injectors.
   */
  public void after(long delayNanos, Runnable task) {
    after(delayNanos, 0, task);
  }

  void after(long delayNanos, int label, Runnable task) {
    queue.add(nowNanos + Math.max(0, delayNanos), label, task);
  }

  /** From now on {@code looks} is called after each step that a host took: for checkers. */
  public void afterEachStep(Consumer<SimulatedHost> looks) {
    watcher = looks;
  }

  /** Takes the next event; false when there is none. */
  public boolean step() {
    EventQueue.Event event = queue.poll();
    if (event == null) {
      return false;
    }
    nowNanos = event.atNanos;
    mix(event.atNanos);
    mix(event.label);
    acted = null;
    try {
      event.task.run();
    } catch (PowerLoss e) {
      mix(e.hashCodeOfHost());
    }
    if (acted != null) {
      watcher.accept(acted);
    }
    if (!failures.isEmpty()) {
      throw new SimulationFailure(seed, nowNanos, failures.getFirst());
    }
    return true;
  }

  /** Runs for {@code durationNanos} of virtual time. */
  public void runFor(long durationNanos) {
    long until = nowNanos + durationNanos;
    while (queue.nextNanos() <= until) {
      step();
    }
    nowNanos = until;
  }

  /**
   * Runs until {@code done}, at most {@code limitNanos} of virtual time; whether it was reached.
   */
  public boolean runUntil(BooleanSupplier done, long limitNanos) {
    long until = nowNanos + limitNanos;
    while (!done.getAsBoolean()) {
      if (queue.nextNanos() > until) {
        return false;
      }
      step();
    }
    return true;
  }

  /** A hash of every event so far: equal in two runs only when they took the same steps. */
  public long traceHash() {
    return traceHash;
  }

  /** Adds what a test observed to the trace. */
  public void mix(long value) {
    traceHash = (traceHash ^ value) * FNV_PRIME;
    traceHash ^= traceHash >>> 32;
  }

  void failed(Throwable failure) {
    failures.add(failure);
  }

  /** A task of the node threw: a bug of ours. Carries what replays it. */
  public static final class SimulationFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    SimulationFailure(long seed, long nowNanos, Throwable cause) {
      super("seed " + seed + " failed at " + nowNanos / 1_000_000 + " ms: " + cause, cause);
    }
  }
}
