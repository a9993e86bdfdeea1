package io.quorate.gossip;

/**
 * The rhythm of gossip.
 *
 * @param intervalNanos between two rounds of a node
 * @param tickNanos how often silence is looked at
 * @param fanout live members a node talks to in a round
 * @param phiThreshold suspicion at which a member is probed: 8 is a chance of one in 10^8 that it
 *     would be silent for so long, by its own past rhythm
 * @param minDeviationNanos rhythms are not taken to be more regular than this
 * @param probeTimeoutNanos how long a suspect and the helpers have to answer
 * @param probeHelpers other members asked to try a suspect
 * @param pauseNanos a gap between two ticks that shows that this node itself was stopped
 */
public record GossipConfig(
    long intervalNanos,
    long tickNanos,
    int fanout,
    double phiThreshold,
    long minDeviationNanos,
    long probeTimeoutNanos,
    int probeHelpers,
    long pauseNanos) {

  /** Rounds each 500 ms; a killed node is down after 2 to 4 s. */
  public static final GossipConfig DEFAULT =
      new GossipConfig(
          500_000_000L, 100_000_000L, 2, 8.0, 250_000_000L, 700_000_000L, 3, 1_500_000_000L);

  public GossipConfig {
    if (tickNanos <= 0 || intervalNanos < tickNanos || pauseNanos < 2 * tickNanos) {
      throw new IllegalArgumentException("gossip ticks are shorter than its interval and pauses");
    }
    if (fanout < 1 || phiThreshold <= 0 || minDeviationNanos <= 0 || probeHelpers < 0) {
      throw new IllegalArgumentException("gossip needs a peer and a positive threshold");
    }
  }
}
