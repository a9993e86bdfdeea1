package io.quorate.raft;

/**
 * How long something that moves forward by indexes has been behind: the age of the oldest thing
 * that was wanted and is not done. Much work that keeps moving is no stall. Owned by its driver's
 * shard.
 */
final class StallWatch {
  private long waitedFor;
  private long sinceTick;

  /**
   * To be called at each tick.
   *
   * @param wanted what should be reached by and by
   * @param reached what is
   * @return for how many ticks something has been waiting; 0 when nothing is
   */
  long stalledTicks(long wanted, long reached, long tick) {
    if (reached >= waitedFor) {
      waitedFor = wanted;
      sinceTick = tick;
    }
    return reached >= wanted ? 0 : tick - sinceTick;
  }
}
