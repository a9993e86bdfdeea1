/**
 * The Java driver: statements to any node of a cluster, over the CQL native protocol.
 *
 * <ul>
 *   <li>{@link io.quorate.client.Session}: the entry; {@link io.quorate.client.SessionConfig} says
 *       how it works.
 *   <li>{@link io.quorate.client.Statement}, {@link io.quorate.client.PreparedStatement}: what to
 *       run; {@link io.quorate.client.ResultPage}, {@link io.quorate.client.Row}: what comes back.
 *   <li>{@link io.quorate.client.RequestError}: what the cluster refused, and with which counts;
 *       {@link io.quorate.client.ConnectionError}: no node answered.
 *   <li>{@link io.quorate.client.NodeListener}: hears which nodes are down; {@code Hearsay}: how
 *       that is concluded from what nodes say of each other.
 *   <li>{@code NodePool}, {@code Wire}: connections; {@code Topology}, {@code Routes}: which node a
 *       statement goes to; {@code Execution}: one statement's way over the nodes.
 * </ul>
 *
 * <p>A session is safe for concurrent use. Each connection belongs to one event loop; callbacks run
 * there and must not block.
 */
@NullMarked
package io.quorate.client;

import org.jspecify.annotations.NullMarked;
