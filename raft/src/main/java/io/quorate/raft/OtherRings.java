package io.quorate.raft;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What members of other rings are told, and what they tell. Who is of a ring that was given up is
 * told so, in every answer, and moves or stops. What else members of other rings say does not
 * count. Owned by its member's shard.
 */
final class OtherRings {
  private static final Logger log = LoggerFactory.getLogger(OtherRings.class);
  private static final long LOG_TICKS = 1_200;

  private final PeerId self;
  private final Sender sender;

  /** When it was last logged that a member of another ring was heard, by member. */
  private final Map<PeerId, Long> loggedAtTick = new TreeMap<>();

  OtherRings(PeerId self, Sender sender) {
    this.self = self;
    this.sender = sender;
  }

  /**
   * Takes in a message of another ring.
   *
   * @return the ring to which this member has to move; null: it stays
   * @throws RingGivenUp when its own ring was given up, and it cannot move
   */
  @Nullable Ring hear(
      Ring own, RaftCore running, PeerId from, MessageCodec.Received received, long tick) {
    if (received.ringNumber() < own.number()) {
      if (isNews(from, tick)) {
        log.warn(
            "{} is of ring {}, which was given up: it is told so", from, received.ringNumber());
      }
      sender.send(from, new Message.GivenUp(own.withVoters(running.configuration().voters())));
      return null;
    }
    if (received.ringNumber() == own.number()) {
      if (isNews(from, tick)) {
        log.error(
            "{} is of another ring {} than this member: two were begun from one, and one of them"
                + " has to be given up by removing the data of its nodes",
            from,
            own.number());
      }
      return null;
    }
    if (!(received.message() instanceof Message.GivenUp notice)) {
      return null;
    }
    Ring next = notice.next();
    boolean isLost = next.lost().contains(self);
    boolean knowsMore = running.commitIndex() > next.certainIndex();
    // With an empty log it is somebody else at that address, or has forgotten everything.
    if (running.lastIndex() > 0 && (isLost || knowsMore)) {
      throw new RingGivenUp(own, next, isLost);
    }
    return next;
  }

  private boolean isNews(PeerId stranger, long tick) {
    Long last = loggedAtTick.get(stranger);
    if (last != null && tick - last < LOG_TICKS) {
      return false;
    }
    loggedAtTick.put(stranger, tick);
    return true;
  }
}
