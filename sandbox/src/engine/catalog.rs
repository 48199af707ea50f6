//! The six catalogs, each reduced to what orders need.

use skypay_types::{
    BankEntry, CivilStatusEntry, GetBankCodeRequest, GetBankCodeResponse, GetCivilStatusRequest,
    GetCivilStatusResponse, GetIdentificationTypeRequest, GetIdentificationTypeResponse,
    GetNationalityRequest, GetNationalityResponse, GetProvinceRequest, GetProvinceResponse,
    GetTownCityRequest, GetTownCityResponse, IdentificationTypeEntry, IntegerText, Invalid,
    NationalityEntry, ProvinceEntry, TownCityEntry,
};

use super::behaviors;
use super::refused::Refused;
use super::transaction::Transaction;

const NATIONALITIES: [(u32, &str); 6] = [
    (1, "Philippines"),
    (2, "China"),
    (3, "Indonesia"),
    (4, "Japan"),
    (5, "Taiwan"),
    (6, "United States"),
];

const CIVIL_STATUSES: [(u32, &str); 4] = [
    (1, "Single"),
    (2, "Married"),
    (3, "Widowed"),
    (4, "Separated"),
];

const IDENTIFICATION_TYPES: [(u32, &str); 8] = [
    (1, "Company ID"),
    (2, "Driver’s License"),
    (3, "Passport"),
    (4, "SSS"),
    (5, "TIN"),
    (6, "UMID"),
    (7, "Voter’s ID"),
    (8, "Postal ID"),
];

const PROVINCES: [(u32, &str); 6] = [
    (1, "Abra"),
    (2, "Agusan del Norte"),
    (14, "Bulacan"),
    (20, "Cavite"),
    (22, "Cebu"),
    (47, "Metro Manila"),
];

/// City id, province id and name.
const CITIES: [(u32, u32, &str); 9] = [
    (1, 1, "Sallapadan"),
    (2, 1, "Bangued"),
    (30, 2, "Butuan City"),
    (301, 14, "Malolos"),
    (421, 20, "Bacoor"),
    (470, 22, "Cebu City"),
    (996, 47, "Manila"),
    (997, 47, "Makati"),
    (998, 47, "Quezon City"),
];

/// Letter code, number and name.
const BANKS: [(&str, u32, &str); 8] = [
    ("BDO", 1, "BDO Unibank"),
    ("BPI", 2, "Bank of the Philippine Islands"),
    ("CHB", 3, "China Banking Corporation"),
    ("LBP", 4, "Land Bank of the Philippines"),
    ("MBT", 5, "Metropolitan Bank and Trust Company"),
    ("PNB", 6, "Philippine National Bank"),
    ("SEC", 7, "Security Bank"),
    ("UBP", 8, "Union Bank of the Philippines"),
];

pub(crate) fn has_identification_type(id: &IntegerText) -> bool {
    IDENTIFICATION_TYPES.iter().any(|(known, _)| is(id, *known))
}

/// Whether the province exists and contains the city.
pub(crate) fn has_place(province: Option<&IntegerText>, city: Option<&IntegerText>) -> bool {
    let known = province.is_none_or(|id| PROVINCES.iter().any(|(known, _)| is(id, *known)));
    let lies = city.is_none_or(|id| {
        CITIES
            .iter()
            .any(|(known, lies_in, _)| is(id, *known) && province.is_none_or(|id| is(id, *lies_in)))
    });
    known && lies
}

fn is(id: &IntegerText, known: u32) -> bool {
    id.to_u64() == Some(known.into())
}

impl Transaction<'_> {
    pub(crate) fn has_bank(&self, code: &str) -> bool {
        let numbers = self.state.behavior(behaviors::BANK_CODES) == "numbers";
        BANKS.iter().any(|(letters, number, _)| {
            if numbers {
                code.parse() == Ok(*number)
            } else {
                *letters == code
            }
        })
    }

    pub(crate) fn get_bank_code(
        &mut self,
        _: &GetBankCodeRequest,
    ) -> Result<GetBankCodeResponse, Refused> {
        let numbers = self.state.behavior(behaviors::BANK_CODES) == "numbers";
        let rows = BANKS.iter().map(|(letters, number, name)| {
            let code = if numbers {
                number.to_string()
            } else {
                (*letters).to_owned()
            };
            BankEntry::builder()
                .bank_code(code)
                .bank_name(*name)
                .build()
        });
        let rows = rows.collect::<Result<Vec<_>, Invalid>>()?;
        Ok(GetBankCodeResponse::builder().result(rows).build()?)
    }
}

/// Serves catalogs whose entries are the rows of a table.
macro_rules! catalogs {
    ($($method:ident($request:ident) -> $response:ident: $entry:ident of $table:ident
        { $($field:ident),* };)*) => {
        impl Transaction<'_> {
            $(pub(crate) fn $method(&mut self, _: &$request) -> Result<$response, Refused> {
                let rows = $table
                    .iter()
                    .map(|($($field),*)| $entry::builder()$(.$field(*$field))*.build());
                let rows = rows.collect::<Result<Vec<_>, Invalid>>()?;
                Ok($response::builder().result(rows).build()?)
            })*
        }
    };
}

catalogs! {
    get_nationality(GetNationalityRequest) -> GetNationalityResponse:
        NationalityEntry of NATIONALITIES { nationality_id, nationality_name };
    get_civil_status(GetCivilStatusRequest) -> GetCivilStatusResponse:
        CivilStatusEntry of CIVIL_STATUSES { civil_status_id, civil_status };
    get_identification_type(GetIdentificationTypeRequest) -> GetIdentificationTypeResponse:
        IdentificationTypeEntry of IDENTIFICATION_TYPES
        { identification_type_id, identification_type };
    get_town_city(GetTownCityRequest) -> GetTownCityResponse:
        TownCityEntry of CITIES { town_city_id, province_id, town_city };
    get_province(GetProvinceRequest) -> GetProvinceResponse:
        ProvinceEntry of PROVINCES { province_id, province };
}
