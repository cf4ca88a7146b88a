//! Reads the weights out of a safetensors file: eight bytes with the length of a JSON header, the header, the numbers.

use std::collections::HashMap;

use serde::Deserialize;

use crate::EncoderError;

/// The numbers of every tensor, found by name.
pub(crate) struct Weights<'a> {
    places: HashMap<String, Place>,
    body: &'a [u8],
}

#[derive(Deserialize)]
struct Place {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

impl<'a> Weights<'a> {
    pub(crate) fn read(file: &'a [u8]) -> Result<Self, EncoderError> {
        let (size, rest) = file.split_first_chunk().ok_or_else(|| broken("its header is cut off"))?;
        let size = usize::try_from(u64::from_le_bytes(*size)).map_err(|_| broken("its header is too long"))?;
        let (header, body) = rest.split_at_checked(size).ok_or_else(|| broken("its header is cut off"))?;
        let header: HashMap<String, serde_json::Value> =
            serde_json::from_slice(header).map_err(|e| broken(&e.to_string()))?;
        let tensors = header.into_iter().filter(|(name, _)| name != "__metadata__");
        let places = tensors.map(|(name, place)| serde_json::from_value(place).map(|place| (name, place)));
        Ok(Self { places: places.collect::<Result<_, _>>().map_err(|e| broken(&e.to_string()))?, body })
    }

    /// The numbers of one tensor, row by row.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EncoderError> {
        let place = self.places.get(name).ok_or_else(|| broken(&format!("it has no {name}")))?;
        let [from, to] = place.data_offsets;
        let bytes = self.body.get(from..to).ok_or_else(|| broken(&format!("{name} is cut off")))?;
        let (numbers, []) = bytes.as_chunks() else { return Err(broken(&format!("{name} is cut off"))) };
        if place.dtype != "F32" || place.shape != shape || numbers.len() != shape.iter().product::<usize>() {
            return Err(broken(&format!("{name} is not of f32 in the shape {shape:?}")));
        }
        Ok(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
    }
}

fn broken(why: &str) -> EncoderError {
    EncoderError::Model(format!("model.safetensors cannot be read: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, body: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), body].concat()
    }

    #[test]
    fn a_tensor_is_found_by_name_and_shape() {
        let header = r#"{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"#;
        let file = file(header, &[1.5f32.to_le_bytes(), (-2.0f32).to_le_bytes()].concat());
        let weights = Weights::read(&file).unwrap();
        assert_eq!(weights.tensor("w", &[1, 2]).unwrap(), [1.5, -2.0]);
        assert!(weights.tensor("w", &[2, 1]).is_err() && weights.tensor("other", &[1]).is_err());
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        let header = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        let cut = file(header, &[0; 5]);
        assert!(Weights::read(&cut).unwrap().tensor("w", &[2]).is_err());
        for end in [0, 7, 20] {
            assert!(Weights::read(&cut[..end]).is_err(), "{end}");
        }
        let huge = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
        assert!(Weights::read(&huge).is_err());
    }
}
