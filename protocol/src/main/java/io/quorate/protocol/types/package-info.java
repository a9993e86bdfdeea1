/**
 * CQL types and their values. A value is the bytes that the native protocol carries (section 6);
 * everything here reads and writes those bytes, so that a value is never turned into an object
 * unless a person or an application asks to see it.
 *
 * <ul>
 *   <li>{@link io.quorate.protocol.types.CqlType}: the types, sealed; {@link
 *       io.quorate.protocol.types.TypeParser} reads their CQL text, {@link
 *       io.quorate.protocol.types.TypeCode} their form on the wire.
 *   <li>{@link io.quorate.protocol.types.ValueCheck}: are these bytes a value of this type?
 *   <li>{@link io.quorate.protocol.types.ByteComparable}: the form in which unsigned byte order is
 *       the order of the type; clustering keys and collection paths are made of it.
 *   <li>{@link io.quorate.protocol.types.RowKey}: clustering columns as the key of a row.
 *   <li>{@link io.quorate.protocol.types.JavaValues}: values as Java objects and back.
 *   <li>{@link io.quorate.protocol.types.Literals}: scalars from what a person wrote; {@link
 *       io.quorate.protocol.types.ValueFormat}: values as CQL or JSON text.
 * </ul>
 *
 * <p>Bytes are passed as {@code (array, offset, length)}. All of it is stateless and safe for
 * concurrent use, except {@link io.quorate.protocol.types.ByteSink}, which belongs to its user.
 */
@NullMarked
package io.quorate.protocol.types;

import org.jspecify.annotations.NullMarked;
