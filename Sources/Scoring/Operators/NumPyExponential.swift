import Glibc

/// The exponential of float32 as NumPy computes it on x86-64 with AVX2 and FMA, or AVX-512: a quotient of two polynomials, up to 2.5 units
/// in the last place from the true value. glibc's `expf` is nearer, and so another number in every tenth case.
///
/// Source: `simd_exp_FLOAT` in `loops_exponent_log.dispatch.c.src`, constants in `npy_simd_data.h`, NumPy 1.17 to 2.4.
enum NumPyExponential {
    static func exp(_ x: Float) -> Float {
        if x.isNaN { return x }
        if x >= 88.72283935546875 { return .infinity }
        if x <= -103.97208404541015625 { return 0 }
        // x = k · ln 2 + y
        let k = (x * 1.442695040888963407359924681001892137).rounded(.toNearestOrEven)
        let y = x.addingProduct(k, -6.93145752e-1).addingProduct(k, -1.42860677e-6)
        var numerator = Float(6.757896990527504603057e-03).addingProduct(5.082762527590693718096e-04, y)
        numerator = Float(5.114512081637298353406e-02).addingProduct(numerator, y)
        numerator = Float(2.473615434895520810817e-01).addingProduct(numerator, y)
        numerator = Float(7.257664613233124478488e-01).addingProduct(numerator, y)
        numerator = Float(9.999999999980870924916e-01).addingProduct(numerator, y)
        var denominator = Float(-2.742335390411667452936e-01).addingProduct(2.159509375685829852307e-02, y)
        denominator = Float(1).addingProduct(denominator, y)
        return scalbnf(numerator / denominator, Int32(k))
    }
}
