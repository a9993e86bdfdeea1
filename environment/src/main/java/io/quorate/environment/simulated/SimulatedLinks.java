package io.quorate.environment.simulated;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The state of the network between hosts: latency, loss, duplication, and cuts, which may be one
 * way.
 */
public final class SimulatedLinks {
  private final SimulatedWorld world;
  private final Set<Cut> cuts = new LinkedHashSet<>();
  private long minLatencyNanos = 100_000;
  private long maxLatencyNanos = 1_000_000;
  private double lossProbability;
  private double duplicateProbability;
  private double tailProbability;

  SimulatedLinks(SimulatedWorld world) {
    this.world = world;
  }

  /** One-way delay of a message, uniform between the two. */
  public void latency(long minNanos, long maxNanos) {
    minLatencyNanos = minNanos;
    maxLatencyNanos = maxNanos;
  }

  /**
   * What goes wrong with single messages.
   *
   * @param loss probability that a message vanishes
   * @param duplicate probability that it arrives twice
   * @param tail probability that it takes up to 100 times as long, and so is overtaken by others
   */
  public void unreliable(double loss, double duplicate, double tail) {
    lossProbability = loss;
    duplicateProbability = duplicate;
    tailProbability = tail;
  }

  /** From now on nothing that {@code from} sends reaches {@code to}. */
  public void cutOneWay(String from, String to) {
    cuts.add(new Cut(from, to));
  }

  public void cut(String a, String b) {
    cutOneWay(a, b);
    cutOneWay(b, a);
  }

  /** Cuts every link between the two groups. */
  public void partition(Iterable<String> left, Iterable<String> right) {
    for (String a : left) {
      for (String b : right) {
        cut(a, b);
      }
    }
  }

  public void heal() {
    cuts.clear();
  }

  public boolean isCut(String from, String to) {
    return cuts.contains(new Cut(from, to));
  }

  boolean loses(String from, String to) {
    return isCut(from, to) || (!from.equals(to) && happens(lossProbability));
  }

  boolean duplicates() {
    return happens(duplicateProbability);
  }

  long latencyNanos() {
    long latency = minLatencyNanos + world.random().nextLong(maxLatencyNanos - minLatencyNanos + 1);
    return happens(tailProbability) ? latency * (1 + world.random().nextInt(100)) : latency;
  }

  private boolean happens(double probability) {
    return probability > 0 && world.random().nextDouble() < probability;
  }

  private record Cut(String from, String to) {}
}
