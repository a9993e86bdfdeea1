/**
 * Who is in the cluster and who is alive. Gossip carries liveness and load, never truth: what a
 * node owns and whether it belongs to the cluster is for the metadata ring to say.
 *
 * <ul>
 *   <li>{@link io.quorate.gossip.Membership}: the driver; its published view is what requests ask.
 *   <li>{@code GossipCore}: the state machine. Anti-entropy of versioned states in three messages,
 *       after van Renesse et al., <i>Efficient Reconciliation and Flow Control for Anti-Entropy
 *       Protocols</i> (2008), as Cassandra's gossiper does it.
 *   <li>{@code PeerState}: what is known of one node; {@code PhiAccrual}: how suspect its silence
 *       is.
 *   <li>{@code GossipMessage}, {@code GossipCodec}: what nodes say to each other.
 *   <li>{@link io.quorate.gossip.Member}: a node, as everyone else sees it.
 * </ul>
 *
 * <p>A node is declared down in two steps. Its silence becomes improbable, measured against its own
 * past rhythm (phi-accrual: Hayashibara et al., SRDS 2004). Then it is asked directly, and by up to
 * three other members (SWIM: Das et al., DSN 2002), and none of them gets an answer.
 *
 * <p>Invariants: of one node, a later (generation, version) wins, whoever brings it; only what a
 * node sent itself, or a heartbeat that moved, makes it alive; a node that was silent itself blames
 * nobody.
 *
 * <p>Threading: all state belongs to one shard; the published view may be read from any thread.
 */
@NullMarked
package io.quorate.gossip;

import org.jspecify.annotations.NullMarked;
