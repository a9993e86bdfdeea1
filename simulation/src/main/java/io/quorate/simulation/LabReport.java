package io.quorate.simulation;

import java.util.ArrayList;
import java.util.List;

/**
 * What the lab saw. Counts of the two sides are those of requests that began during the cut.
 *
 * @param broken promises that did not hold, in words; none when all is as promised
 */
public record LabReport(
    long seed, List<Level> levels, Metadata metadata, List<String> broken, long traceHash) {

  /**
   * Requests of one side during the cut.
   *
   * @param picture a letter for each second of the whole scenario
   */
  public record Side(long ok, long refused, long unknown, String picture) {
    long total() {
      return ok + refused + unknown;
    }

    int percentOk() {
      return total() == 0 ? 0 : (int) (100 * ok / total());
    }
  }

  /** One consistency level, for writes and reads alike. */
  public record Level(
      String name,
      Side majority,
      Side minority,
      long reads,
      long staleReads,
      long acknowledgedWrites,
      long lostWrites,
      long convergedAfterMillis) {}

  /** Changes of the metadata ring. */
  public record Metadata(Side majority, Side minority, long slowestRefusalMillis) {}

  static LabReport of(long seed, List<Level> levels, Metadata metadata, long traceHash) {
    List<String> broken = new ArrayList<>();
    for (Level level : levels) {
      if (level.lostWrites > 0) {
        broken.add(level.name + ": " + level.lostWrites + " acknowledged writes lost");
      }
      if (level.convergedAfterMillis < 0) {
        broken.add(level.name + ": replicas did not converge");
      }
      switch (level.name) {
        case "ONE" -> {
          if (level.majority.percentOk() < 90 || level.minority.percentOk() < 90) {
            broken.add("ONE: not available on both sides");
          }
        }
        case "QUORUM" -> {
          if (level.staleReads > 0) {
            broken.add("QUORUM: " + level.staleReads + " stale reads");
          }
          if (level.minority.ok > 0) {
            broken.add("QUORUM: served in the minority");
          }
          if (level.majority.percentOk() < 90) {
            broken.add("QUORUM: not available in the majority");
          }
        }
        default -> {
          if (level.staleReads > 0) {
            broken.add(level.name + ": " + level.staleReads + " stale reads");
          }
        }
      }
    }
    if (metadata.minority.ok > 0) {
      broken.add("metadata: changed in the minority");
    }
    if (metadata.majority.ok == 0) {
      broken.add("metadata: not available in the majority");
    }
    return new LabReport(seed, levels, metadata, broken, traceHash);
  }

  /** As a table of at most 80 columns, with a picture of availability over time. */
  public String text() {
    StringBuilder out = new StringBuilder();
    line(
        out,
        "Three nodes, RF 3: %d s whole, %d s cut 2|1, %d s healed. Seed %d."
            .formatted(
                seconds(Lab.CALM_NANOS), seconds(Lab.CUT_NANOS), seconds(Lab.HEALED_NANOS), seed));
    line(out, "");
    line(
        out,
        "%-9s %20s %20s %7s %6s %10s"
            .formatted("", "served while cut, in", "", "stale", "lost", "converged"));
    line(
        out,
        "%-9s %20s %20s %7s %6s %10s"
            .formatted("W and R", "majority", "minority", "reads", "writes", "after heal"));
    for (Level level : levels) {
      line(
          out,
          "%-9s %20s %20s %7d %6d %10s"
              .formatted(
                  level.name,
                  percent(level.majority),
                  percent(level.minority),
                  level.staleReads,
                  level.lostWrites,
                  level.convergedAfterMillis < 0 ? "never" : level.convergedAfterMillis + " ms"));
    }
    line(
        out,
        "%-9s %20s %20s %7s %6s %10s"
            .formatted(
                "metadata", percent(metadata.majority), percent(metadata.minority), "-", "-", "-"));
    line(out, "");
    line(out, "Second by second: # served  + partly  - refused  ? unknown (timed out)");
    line(out, "%-18s %s".formatted("", ruler()));
    for (Level level : levels) {
      line(out, "%-9s majority %s".formatted(level.name, level.majority.picture));
      line(out, "%-9s minority %s".formatted("", level.minority.picture));
    }
    line(out, "%-9s majority %s".formatted("metadata", metadata.majority.picture));
    line(out, "%-9s minority %s".formatted("", metadata.minority.picture));
    line(out, "");
    if (broken.isEmpty()) {
      line(out, "As promised: QUORUM is never stale and loses nothing; ONE serves both sides, may");
      line(out, "be stale, and converges; the metadata ring serves the majority only (a refusal");
      line(
          out,
          "took %d ms at most, once the minority had noticed)."
              .formatted(metadata.slowestRefusalMillis));
    } else {
      broken.forEach(promise -> line(out, "BROKEN  %s".formatted(promise)));
    }
    return out.toString();
  }

  private static long seconds(long nanos) {
    return nanos / 1_000_000_000;
  }

  private static String ruler() {
    return " ".repeat((int) seconds(Lab.CALM_NANOS))
        + "|"
        + "-".repeat((int) seconds(Lab.CUT_NANOS) - 2)
        + "|  <- cut";
  }

  private static String percent(Side side) {
    return side.percentOk()
        + " % of "
        + side.total()
        + (side.refused + side.unknown == 0 ? "" : side.refused > side.unknown ? " (-)" : " (?)");
  }

  private static void line(StringBuilder out, String text) {
    out.append(text.stripTrailing()).append('\n');
  }
}
