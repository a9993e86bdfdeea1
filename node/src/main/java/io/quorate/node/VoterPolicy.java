package io.quorate.node;

import java.util.concurrent.TimeUnit;

/**
 * How many nodes vote in the metadata ring, and when one that is silent loses its vote. Only the
 * ring's leader asks, so it has to be the same on every node.
 *
 * @param count how many vote; 0: as many as {@link #votersOf} says
 * @param patienceMillis how long a voter may be silent before another gets its vote
 */
public record VoterPolicy(int count, long patienceMillis) {
  /** What is chosen when nothing is said. */
  public static final VoterPolicy DEFAULT = new VoterPolicy(0, TimeUnit.MINUTES.toMillis(5));

  /**
   * How many of so many nodes should vote. Of 3 voters one may be lost, of 5 two, of 7 three; a
   * change waits for 2, 3 or 4 disks. So as many nodes may be lost at once as a cluster of that
   * size has to expect, and no more wait for each other than that needs: from 9 nodes on there are
   * always two to take over a vote.
   */
  int votersOf(int nodes) {
    if (count > 0) {
      return count;
    }
    return nodes >= 9 ? 7 : nodes >= 5 ? 5 : 3;
  }
}
