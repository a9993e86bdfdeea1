/**
 * The CQL native protocol, versions 4 and 5: frames, messages and (in {@link
 * io.quorate.protocol.types}) values. Used by the server and by the client driver alike; does no
 * I/O, starts no thread, keeps no clock.
 *
 * <ul>
 *   <li>{@link io.quorate.protocol.FrameDecoder}: bytes as they arrive, in any pieces, to {@link
 *       io.quorate.protocol.Envelope}s; {@link io.quorate.protocol.FrameEncoder}: the way back.
 *       Both know version 5's segments with checksums, and LZ4.
 *   <li>{@link io.quorate.protocol.Request}, {@link io.quorate.protocol.Response}: the messages,
 *       sealed; {@link io.quorate.protocol.RequestCodec}, {@link
 *       io.quorate.protocol.ResponseCodec}: their bodies.
 *   <li>{@link io.quorate.protocol.BoundValues}: the values of a request, as slices of its frame.
 *   <li>{@link io.quorate.protocol.ResultMetadata}: what the columns of a result are, encoded once
 *       for all of its results.
 *   <li>{@link io.quorate.protocol.ErrorDetails}: what an error tells beside its text.
 * </ul>
 *
 * <p>A message's body is one array on the heap, copied once from the socket's buffer. What is
 * decoded from it are offsets into it, so a request lives as long as anything refers to it, without
 * reference counts. Bodies are written to a {@link io.quorate.protocol.types.ByteSink} that belongs
 * to the connection, and from there once to the socket's buffer.
 *
 * <p>Decoders and encoders are owned by their connection and not thread-safe; messages are
 * immutable.
 */
@NullMarked
package io.quorate.protocol;

import org.jspecify.annotations.NullMarked;
