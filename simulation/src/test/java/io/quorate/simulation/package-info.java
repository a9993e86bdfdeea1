@NullMarked
package io.quorate.simulation;

import org.jspecify.annotations.NullMarked;
