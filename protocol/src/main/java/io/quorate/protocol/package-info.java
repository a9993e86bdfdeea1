/** The CQL native protocol: frames, messages, types and their byte-comparable form. */
@NullMarked
package io.quorate.protocol;

import org.jspecify.annotations.NullMarked;
