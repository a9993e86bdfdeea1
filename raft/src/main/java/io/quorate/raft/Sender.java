package io.quorate.raft;

/** Sends a message of this member's ring, without waiting and without promise. */
@FunctionalInterface
interface Sender {
  void send(PeerId to, Message message);
}
