package io.quorate.raft;

/** Carries messages to other members, best effort: they may be lost, repeated and reordered. */
public interface Transport {

  /** Called on the ring's shard. A peer whose address is not known is as one that is down. */
  void send(PeerId to, byte[] message);
}
