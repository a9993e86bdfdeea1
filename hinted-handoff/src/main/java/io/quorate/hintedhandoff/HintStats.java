package io.quorate.hintedhandoff;

import java.util.List;
import java.util.UUID;

/**
 * Figures of hinted handoff. Counters are since the start of the node.
 *
 * @param refused hints that found no room or came after the window
 * @param failed hints that the disk did not take
 * @param expired hints that were too old to deliver
 * @param damagedBytes of files that could not be read
 * @param targets what waits, by target
 */
public record HintStats(
    long stored,
    long refused,
    long failed,
    long delivered,
    long expired,
    long damagedBytes,
    List<Target> targets) {

  /**
   * @param oldestMillis when the oldest pending hint was made, wall time
   */
  public record Target(UUID target, long hints, long bytes, int files, long oldestMillis) {}
}
