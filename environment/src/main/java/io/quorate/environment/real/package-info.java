/**
 * The real world: Netty event loops (epoll where the system has it), TCP, and NIO file channels.
 *
 * <ul>
 *   <li>{@link io.quorate.environment.real.RealEnvironment}: starts and ends all of it.
 *   <li>{@code NettyShard}: an event loop as a shard.
 *   <li>{@code TcpMessaging}: frames between nodes; {@code MessageFrames} has their format.
 *   <li>{@code TcpNetwork}: byte streams to clients.
 *   <li>{@code NioFileSystem}: files.
 * </ul>
 */
@NullMarked
package io.quorate.environment.real;

import org.jspecify.annotations.NullMarked;
