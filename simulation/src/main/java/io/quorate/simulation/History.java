package io.quorate.simulation;

import io.quorate.protocol.ConsistencyLevel;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What clients did, when, and what they were told. Each register has one writer, which writes 1, 2,
 * 3, …, one after the other: so of two values the greater is the newer.
 */
public final class History {
  private final List<Operation> operations = new ArrayList<>();

  /** What the client was told. */
  public enum Outcome {
    OK,
    /** Refused before anything was tried. */
    REFUSED,
    /** A timeout, a broken connection, a failure half way: it may have happened. */
    UNKNOWN
  }

  /** What was done. */
  public enum Kind {
    WRITE,
    READ
  }

  /**
   * One operation.
   *
   * @param client from 0; below 0 for a checker's own reads, which do not count
   * @param value written, or read: 0 for a register that was never written
   * @param node the coordinator's host
   */
  public record Operation(
      int client,
      Kind kind,
      int register,
      long value,
      ConsistencyLevel level,
      String node,
      long beginNanos,
      long endNanos,
      Outcome outcome) {}

  void add(Operation operation) {
    operations.add(operation);
  }

  public List<Operation> operations() {
    return operations;
  }

  /**
   * Reads at these levels that began after a write was acknowledged at these levels, and missed it.
   */
  public List<Operation> staleReads(ConsistencyLevel writeLevel, ConsistencyLevel readLevel) {
    List<Operation> stale = new ArrayList<>();
    for (Operation read : operations) {
      if (read.kind() == Kind.READ
          && read.client() >= 0
          && read.outcome() == Outcome.OK
          && read.level() == readLevel
          && read.value() < acknowledgedBefore(read.register(), writeLevel, read.beginNanos())) {
        stale.add(read);
      }
    }
    return stale;
  }

  /**
   * What clients should not have seen, in words, of operations at levels of which any two meet in a
   * replica: a read that misses what was acknowledged, or read, before it began; and one of a value
   * that nobody had begun to write.
   */
  List<String> anomalies(Set<ConsistencyLevel> strong) {
    Map<Integer, List<Operation>> byRegister = new TreeMap<>();
    for (Operation operation : operations) {
      byRegister.computeIfAbsent(operation.register(), r -> new ArrayList<>()).add(operation);
    }
    List<String> anomalies = new ArrayList<>();
    for (List<Operation> ofOne : byRegister.values()) {
      for (Operation read : ofOne) {
        if (read.kind() == Kind.READ
            && read.outcome() == Outcome.OK
            && strong.contains(read.level())) {
          anomalies.addAll(anomalies(read, ofOne, strong));
        }
      }
    }
    return anomalies;
  }

  private static List<String> anomalies(
      Operation read, List<Operation> ofOne, Set<ConsistencyLevel> strong) {
    List<String> anomalies = new ArrayList<>();
    boolean wasWritten = read.value() == 0;
    for (Operation other : ofOne) {
      boolean isWrite = other.kind() == Kind.WRITE;
      wasWritten |=
          isWrite && other.value() == read.value() && other.beginNanos() <= read.endNanos();
      boolean mustBeSeen =
          strong.contains(other.level())
              && other.outcome() == Outcome.OK
              && other.endNanos() < read.beginNanos();
      if (mustBeSeen && other.value() > read.value()) {
        anomalies.add((isWrite ? "stale read: " : "a read goes back: ") + read + " after " + other);
      }
    }
    if (!wasWritten) {
      anomalies.add("nobody wrote what was read: " + read);
    }
    return anomalies;
  }

  private long acknowledgedBefore(int register, ConsistencyLevel level, long nanos) {
    long newest = 0;
    for (Operation write : operations) {
      if (write.kind() == Kind.WRITE
          && write.register() == register
          && write.level() == level
          && write.outcome() == Outcome.OK
          && write.endNanos() < nanos) {
        newest = Math.max(newest, write.value());
      }
    }
    return newest;
  }

  /** The newest acknowledged value of each register. */
  public SortedMap<Integer, Long> acknowledged() {
    return acknowledged(EnumSet.allOf(ConsistencyLevel.class));
  }

  /** The newest value of each register that was acknowledged at one of some levels. */
  public SortedMap<Integer, Long> acknowledged(Set<ConsistencyLevel> levels) {
    SortedMap<Integer, Long> newest = new TreeMap<>();
    for (Operation write : operations) {
      if (write.kind() == Kind.WRITE
          && write.outcome() == Outcome.OK
          && levels.contains(write.level())) {
        newest.merge(write.register(), write.value(), Math::max);
      }
    }
    return newest;
  }

  /** How many operations fit. */
  public long count(Kind kind, @Nullable ConsistencyLevel level, Outcome outcome) {
    return operations.stream()
        .filter(o -> o.client() >= 0 && o.kind() == kind && o.outcome() == outcome)
        .filter(o -> level == null || o.level() == level)
        .count();
  }
}
