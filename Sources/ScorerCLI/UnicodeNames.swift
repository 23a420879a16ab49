/// Stands in place of the function of Swift's library behind `Unicode.Scalar.Properties.name`, by the linker's `--wrap`: nothing here
/// asks for the names of characters, and without their tables the executable is half a megabyte smaller. 0 says that there is no name.
///
/// Source: `stdlib/public/stubs/Unicode/UnicodeScalarProps.cpp` of Swift 6.3.
@c(__wrap__swift_stdlib_getScalarName)
public func scalarName(_ scalar: UInt32, _ buffer: UnsafeMutablePointer<UInt8>?, _ capacity: Int) -> Int { 0 }
