/**
 * The seams to the world. Nothing outside this module reads a clock, starts a thread, opens a
 * socket or a file, or draws a random number; it asks an {@link
 * io.quorate.environment.Environment}.
 *
 * <ul>
 *   <li>{@link io.quorate.environment.Clock}: monotonic and wall time.
 *   <li>{@link io.quorate.environment.Shard}, {@link io.quorate.environment.Shards}: the event
 *       loops that own slices of the token range, and their timers.
 *   <li>{@link io.quorate.environment.Background}: threads for work that blocks.
 *   <li>{@link io.quorate.environment.Messaging}: messages between nodes.
 *   <li>{@link io.quorate.environment.Network}: byte streams to clients.
 *   <li>{@link io.quorate.environment.FileSystem}: files, with an explicit sync.
 *   <li>{@link io.quorate.environment.Randomness}: random numbers and identifiers.
 * </ul>
 *
 * <p>Two worlds implement them. {@code environment.real} stands on Netty and NIO. {@code
 * environment.simulated} runs any number of hosts in one thread on virtual time from one seed, with
 * a network that loses, repeats and reorders messages and a disk that forgets what was not synced.
 * The same node runs in both.
 *
 * <p>Invariant: with the same seed, the simulated world takes the same steps. Code that uses these
 * seams keeps that true by never letting identity hashes, {@code HashMap} order or {@code Map.of}
 * order decide what happens next.
 */
@NullMarked
package io.quorate.environment;

import org.jspecify.annotations.NullMarked;
