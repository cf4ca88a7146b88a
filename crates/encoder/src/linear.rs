//! Rows times a matrix, the work that nearly all of the model's time goes into.
//!
//! A matrix is kept in panels: the weights of as many outputs as two registers hold, input after input, so that they are
//! read once from front to back for a handful of rows at a time. `pulp` picks the widest registers the processor has.

use pulp::{Arch, Simd, WithSimd};

/// Most rows whose sums are held in registers at once, where there are 32 of them or 16.
const ROWS: [usize; 2] = [12, 6];

/// A matrix with what is added to its outputs.
pub(crate) struct Linear {
    inputs: usize,
    outputs: usize,
    /// Outputs in a panel; they divide `outputs`.
    width: usize,
    panels: Vec<f32>,
    bias: Vec<f32>,
}

/// Rows in the order the sums read them: of a few rows the first numbers, then the second ones, …
#[derive(Default)]
pub(crate) struct Packed {
    numbers: Vec<f32>,
    blocks: Vec<Block>,
}

/// `rows` rows from `first` on, the numbers of which begin at `at`.
#[derive(Clone, Copy)]
struct Block {
    first: usize,
    rows: usize,
    at: usize,
}

impl Linear {
    /// `weight` has one row an output, as safetensors keep it.
    pub(crate) fn new(weight: &[f32], bias: Vec<f32>) -> Self {
        let outputs = bias.len();
        let inputs = weight.len() / outputs;
        let width = Arch::new().dispatch(Width);
        let mut panels = Vec::with_capacity(weight.len());
        for rows in weight.chunks_exact(inputs * width) {
            for input in 0..inputs {
                panels.extend(rows.iter().skip(input).step_by(inputs));
            }
        }
        assert_eq!(panels.len(), weight.len(), "{outputs} outputs are whole panels of {width}");
        Self { inputs, outputs, width, panels, bias }
    }

    /// One row of outputs for every row of inputs.
    #[inline(always)]
    pub(crate) fn apply<S: Simd>(&self, simd: S, rows: &[f32], packed: &mut Packed) -> Vec<f32> {
        packed.pack::<S>(rows, self.inputs);
        let mut out = vec![0.0; rows.len() / self.inputs * self.outputs];
        let panels = self.panels.chunks_exact(self.inputs * self.width).zip(self.bias.chunks_exact(self.width));
        for (place, (panel, bias)) in panels.enumerate() {
            for block in &packed.blocks {
                let numbers = &packed.numbers[block.at..][..block.rows * self.inputs];
                let out = &mut out[block.first * self.outputs + place * self.width..];
                by_rows(simd, block.rows, numbers, panel, bias, out, self.outputs);
            }
        }
        out
    }
}

impl Packed {
    #[inline(always)]
    fn pack<S: Simd>(&mut self, rows: &[f32], inputs: usize) {
        let count = rows.len() / inputs;
        let blocks = count.div_ceil(ROWS[usize::from(S::REGISTER_COUNT < 32)]);
        self.numbers.clear();
        self.blocks.clear();
        let mut first = 0;
        for place in 0..blocks {
            let rows_here = (count - first).div_ceil(blocks - place);
            self.blocks.push(Block { first, rows: rows_here, at: first * inputs });
            let here = &rows[first * inputs..][..rows_here * inputs];
            for input in 0..inputs {
                self.numbers.extend(here.iter().skip(input).step_by(inputs));
            }
            first += rows_here;
        }
    }
}

/// Outputs in a panel: what two registers hold.
struct Width;

impl WithSimd for Width {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        2 * S::F32_LANES
    }
}

/// Chooses the code for this many rows.
#[inline(always)]
fn by_rows<S: Simd>(
    simd: S,
    rows: usize,
    numbers: &[f32],
    panel: &[f32],
    bias: &[f32],
    out: &mut [f32],
    stride: usize,
) {
    macro_rules! choose {
        ($($count:literal)*) => {
            match rows {
                $($count => tile::<S, $count>(simd, numbers, panel, bias, out, stride),)*
                _ => unreachable!("a block has at most {} rows", ROWS[0]),
            }
        };
    }
    choose!(1 2 3 4 5 6 7 8 9 10 11 12);
}

/// The sums of `R` rows and one panel, all of them held in registers.
#[inline(always)]
fn tile<S: Simd, const R: usize>(
    simd: S,
    numbers: &[f32],
    panel: &[f32],
    bias: &[f32],
    out: &mut [f32],
    stride: usize,
) {
    let (bias, _) = S::as_simd_f32s(bias);
    let (panel, _) = S::as_simd_f32s(panel);
    let (columns, _) = numbers.as_chunks::<R>();
    let (weights, _) = panel.as_chunks::<2>();
    let mut sums = [[bias[0], bias[1]]; R];
    for (column, [left, right]) in columns.iter().zip(weights) {
        for (sum, number) in sums.iter_mut().zip(column) {
            let number = simd.splat_f32s(*number);
            sum[0] = simd.mul_add_f32s(number, *left, sum[0]);
            sum[1] = simd.mul_add_f32s(number, *right, sum[1]);
        }
    }
    for (row, sum) in sums.iter().enumerate() {
        let (place, _) = S::as_mut_simd_f32s(&mut out[row * stride..]);
        place[..2].copy_from_slice(sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Apply<'a>(&'a Linear, &'a [f32]);

    impl WithSimd for Apply<'_> {
        type Output = Vec<f32>;

        fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
            self.0.apply(simd, self.1, &mut Packed::default())
        }
    }

    #[test]
    fn every_number_of_rows_gives_the_plain_product() {
        let (inputs, outputs) = (40, 64);
        let number = |i: usize| ((i * 7_919) % 101) as f32 / 50.0 - 1.0;
        let weight: Vec<f32> = (0..inputs * outputs).map(number).collect();
        let bias: Vec<f32> = (0..outputs).map(number).collect();
        let linear = Linear::new(&weight, bias.clone());
        for rows in 0..30 {
            let x: Vec<f32> = (0..rows * inputs).map(|i| number(i + 13)).collect();
            let out = Arch::new().dispatch(Apply(&linear, &x));
            assert_eq!(out.len(), rows * outputs);
            for (place, found) in out.iter().enumerate() {
                let (row, output) = (place / outputs, place % outputs);
                let (x, w) = (&x[row * inputs..][..inputs], &weight[output * inputs..][..inputs]);
                let plain = bias[output] + x.iter().zip(w).map(|(x, w)| x * w).sum::<f32>();
                assert!((found - plain).abs() < 1e-4, "{rows} rows, {row} × {output}: {found} {plain}");
            }
        }
    }
}
